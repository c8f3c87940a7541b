"""A job whose ranks each train alone succeeds, and its logs end with a warning."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from product import Product, product

SUBMIT = ("submit", "pytorchjob", "--name", "bert", "--workers", "2", "--logs")


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Product]:
    with product(tmp_path) as one:
        yield one


def test_a_world_of_one_is_told(arena: Product) -> None:
    """`submit --logs`, `logs -f` and `logs` end with the warning, on stderr; one instance's logs do not."""
    told = "Warning: each of the 2 instances reports that it is alone"
    ended = arena.run(*SUBMIT, "echo rank 0 of 1")
    assert (ended.code, ended.out.count("rank 0 of 1"), ended.err.count(told)) == (0, 2, 1)
    assert "docs/launchers.md" in ended.err
    for words in (("-f",), ()):
        assert arena.run("logs", "bert", *words).err.count(told) == 1
    assert "Warning" not in arena.run("logs", "bert", "-i", "worker-0").err


def test_a_world_of_all_is_not(arena: Product) -> None:
    """If the ranks know each other, there is no warning."""
    ended = arena.run(*SUBMIT, "echo rank $RANK of $WORLD_SIZE")
    assert (ended.code, "rank 1 of 2" in ended.out, "Warning" in ended.err) == (0, True, False)
