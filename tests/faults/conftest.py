"""A product whose parts the tests kill, and a gate that spoils its answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from gate import Gate
from product import Product, product


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Product]:
    """The product, with nothing in its home."""
    with product(tmp_path) as made:
        yield made


@pytest.fixture
def gate(arena: Product) -> Iterator[Gate]:
    """A proxy before the running local cluster; its `kubeconfig` names it."""
    arena.must("local", "start")
    made = Gate(arena.state, arena.home / "gate.kubeconfig")
    try:
        yield made
    finally:
        made.close()
