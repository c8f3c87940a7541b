"""Kinds of jobs: what each asks for, what it sends and how it is read. No I/O.

A kind is a module `training/<kind>.py` with a `KIND`, or an entry point of the group
`arena.kinds` that names one. Nothing registers it, and only what is asked for is imported.
"""

import os
import sys
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import import_module
from pkgutil import iter_modules

from arena.errors import ArenaError, SpecError
from arena.kinds.kind import Kind

GROUP = "arena.kinds"


@lru_cache(maxsize=1)
def training_kinds() -> tuple[Kind, ...]:
    """All kinds of training jobs, sorted by name."""
    found = {kind.name: kind for kind in (*_foreign(), *map(_load, _modules()))}
    return tuple(found[name] for name in sorted(found))


def all_kinds() -> tuple[Kind, ...]:
    """The kinds of training jobs, and after them what is listed apart from those: evaluations."""
    from arena.kinds import evaluation

    return (*training_kinds(), evaluation.KIND)


def find(word: str) -> Kind:
    """The kind of that name or alias, in any case.

    Raises:
        SpecError: there is none; the hint names the likely one.
    """
    wanted = word.lower()
    for kind in _candidates(wanted):
        if wanted in (kind.name, *(one.lower() for one in kind.aliases)):
            return kind
    names = [kind.name for kind in training_kinds()]
    words = {one.lower(): kind.name for kind in training_kinds() for one in (kind.name, *kind.aliases)}
    from difflib import get_close_matches

    close = [words[one] for one in get_close_matches(wanted, words, 1)]
    raise SpecError(
        f'there is no kind of job "{word}"',
        f"did you mean {close[0]}?" if close else "known are " + ", ".join(names),
    )


def named(word: str) -> Kind | None:
    """As `find`; None for "", where any kind will do."""
    return find(word) if word else None


def _candidates(word: str) -> Iterator[Kind]:
    """The likely kinds first, so that the others need not be imported; aliases mostly begin as names do."""
    yield from map(_load, sorted(_modules(), key=lambda name: not name.startswith(word[:2])))
    yield from _foreign()


@lru_cache(maxsize=1)
def _modules() -> tuple[str, ...]:
    import arena.kinds.training as package

    return tuple(one.name for one in iter_modules(package.__path__) if one.name not in package.PARTS)


@cache
def _load(name: str) -> Kind:
    kind: Kind = import_module(f"arena.kinds.training.{name}").KIND
    return kind


@lru_cache(maxsize=1)
def _foreign() -> tuple[Kind, ...]:
    if not any(map(_names_kinds, sys.path)):
        return ()
    from importlib.metadata import entry_points

    found = []
    for one in entry_points(group=GROUP):
        try:
            found.append(one.load())
        except (ImportError, AttributeError) as error:
            raise ArenaError(
                f'the kind "{one.name}" of an installed package cannot be loaded: {error}',
                f"mend or remove the package that brings {one.value}",
            ) from error
    return tuple(found)


def _names_kinds(folder: str) -> bool:
    """Whether a package installed in the folder may name kinds.

    Asked first because there is mostly none, and the import of importlib.metadata alone takes longer
    than that of all kinds.
    """
    if not os.path.isdir(folder or "."):
        return os.path.isfile(folder)  # an archive: let the import system look into it
    for entry in os.scandir(folder or "."):
        if entry.name.endswith(("-info", ".egg")):
            try:
                with open(os.path.join(entry.path, "entry_points.txt"), "rb") as file:
                    if GROUP.encode() in file.read():
                        return True
            except OSError:
                continue
    return False
