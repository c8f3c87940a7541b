"""What is added to arena without being registered: modules of its folders, and objects of other packages."""

import os
import sys
from functools import cache, lru_cache
from typing import Any

from arena.errors import ArenaError

KINDS = "arena.kinds"
EXPLAINERS = "arena.explainers"
_NOUNS = {KINDS: "kind", EXPLAINERS: "explainer"}


def modules(folder: str) -> list[str]:
    """The names of the modules in a folder, sorted, without packages.

    `pkgutil` would answer the same in ten times the time.
    """
    names = (name.removesuffix(".py") for name in os.listdir(folder) if name.endswith(".py"))
    return sorted(name for name in names if name != "__init__")


@cache
def load(group: str) -> tuple[Any, ...]:
    """The objects of a group of entry points, in the order in which packages are found.

    Raises:
        ArenaError: one of them cannot be imported.
    """
    if group not in _named():
        return ()
    from importlib.metadata import entry_points

    found = []
    for one in entry_points(group=group):
        try:
            found.append(one.load())
        except (ImportError, AttributeError) as error:
            raise ArenaError(
                f'the {_NOUNS[group]} "{one.name}" of an installed package cannot be loaded: {error}',
                f"repair or remove the package that provides {one.value}",
            ) from error
    return tuple(found)


@lru_cache(maxsize=1)
def _named() -> frozenset[str]:
    """The groups that an installed package may name.

    This check comes first because usually there is none, and importing importlib.metadata alone takes longer
    than importing all kinds.
    """
    return frozenset(group for folder in sys.path for group in _named_in(folder or "."))


def _named_in(folder: str) -> set[str]:
    if not os.path.isdir(folder):
        return set(_NOUNS) if os.path.isfile(folder) else set()  # an archive: let the import system look
    found: set[str] = set()
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(("-info", ".egg")):
                text = _content(f"{entry.path}/entry_points.txt")
                found |= {group for group in _NOUNS if group.encode() in text}
    return found


def _content(path: str) -> bytes:
    """The content of a file, b"" if there is none, with half the system calls of a file object."""
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return b""
    try:
        return b"".join(iter(lambda: os.read(file, 1 << 16), b""))
    except OSError:
        return b""
    finally:
        os.close(file)
