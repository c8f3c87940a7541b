"""The product, with real programs, for what happens to a job after its submit."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from product import Product, product


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Product]:
    """The product, with nothing in its home."""
    with product(tmp_path) as made:
        yield made
