"""The examples as jobs: four replicas each, on a local cluster of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from product import Product, product

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Product]:
    """The product, with nothing in its home."""
    with product(tmp_path) as made:
        yield made


@pytest.fixture
def examples() -> Path:
    """The folder of the examples."""
    return EXAMPLES
