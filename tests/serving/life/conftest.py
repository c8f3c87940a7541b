"""Servings with real programs on a local cluster."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from product import Product, product
from served import Served


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A local cluster for all tests of a module, each of which leaves it empty."""
    with product(tmp_path_factory.mktemp("cluster")) as made:
        made.must("local", "start")
        yield made


@pytest.fixture
def arena(cluster: Product, tmp_path: Path) -> Iterator[Served]:
    """The product, with nothing in its home and no servings."""
    made = Served(tmp_path, cluster.state)
    yield made
    made.leave()
