"""The product, with real programs, for what happens to a job after its submit."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from product import Product, product


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A local cluster with 8 GPUs for all tests of a module, each of which leaves it empty."""
    with product(tmp_path_factory.mktemp("cluster")) as made:
        made.env["ARENA_LOCAL_GPUS"] = "8"
        made.must("local", "start")
        yield made


@pytest.fixture
def arena(cluster: Product, tmp_path: Path) -> Iterator[Product]:
    """The product, with nothing in its home and no jobs."""
    made = Product(tmp_path, cluster.state)
    made.env["ARENA_LOCAL_GPUS"] = "8"
    yield made
    made.leave()
