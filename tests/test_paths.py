"""Paths as text."""

from pathlib import PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from arena.paths import upward

NAMES = st.lists(st.sampled_from(["a", "b c", "..", ".arena", "ü"]))


@given(NAMES.map("/".join), st.booleans())
def test_upward(names: str, absolute: bool) -> None:
    """The folders above a path are those that `pathlib` names; that of a relative one has no name."""
    path = PurePosixPath(f"/{names}" if absolute else names)
    known = [str(one) for one in (path, *path.parents) if str(one) != "."]
    assert list(upward("" if str(path) == "." else path)) == known
