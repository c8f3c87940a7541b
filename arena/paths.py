"""Paths as text: importing `pathlib` costs a short command a twentieth of its time."""

import os
from collections.abc import Iterator

StrPath = str | os.PathLike[str]
"""What functions accept as a path; those that a short command calls return text."""


def upward(path: StrPath) -> Iterator[str]:
    """The path and every folder above it, as the path names them."""
    here, below = os.fspath(path), ""
    while here not in ("", below):
        yield here
        here, below = os.path.dirname(here), here
