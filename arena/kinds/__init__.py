"""Kinds of workloads: their options, what is sent to the cluster, and how it is read back. No I/O.

A family of kinds is a package, such as `training/`, that defines FAMILY. A kind is a module in it that
defines KIND, or an entry point of the group `arena.kinds` that names one. Kinds need no registration, and
only those that are needed are imported. What several kinds of a family share is in a package of its own, such
as `training/base/`; what families share is in `workload/`.
"""

import os
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import import_module

from arena import entry_points
from arena.errors import SpecError
from arena.kinds.family import Family
from arena.kinds.kind import Kind
from arena.kinds.training import FAMILY as TRAINING


@cache
def of(family: Family) -> tuple[Kind, ...]:
    """All kinds of a family, sorted by name."""
    found: dict[str, Kind] = {}
    for kind in _candidates("", family):
        found.setdefault(kind.name, kind)  # an installed package does not replace our own kinds
    return tuple(found[name] for name in sorted(found))


def training_kinds() -> tuple[Kind, ...]:
    """All kinds of training jobs, sorted by name."""
    return of(TRAINING)


def all_kinds() -> tuple[Kind, ...]:
    """The kinds of all families, those of training jobs first."""
    return tuple(kind for family in families() for kind in of(family))


@lru_cache(maxsize=1)
def families() -> tuple[Family, ...]:
    """All families: training jobs first, then the others by name."""
    from pkgutil import iter_modules

    packages = [import_module(f"{__name__}.{one.name}") for one in iter_modules(__path__) if one.ispkg]
    own = [one.FAMILY for one in packages if hasattr(one, "FAMILY")]
    found = {one.name: one for one in (*own, *(kind.family for kind in _foreign()))}
    return tuple(sorted(found.values(), key=lambda one: (one is not TRAINING, one.name)))


def find(word: str, family: Family = TRAINING) -> Kind:
    """The kind of a family with that name or alias, in any case.

    Raises:
        SpecError: there is none; the hint suggests one.
    """
    wanted = word.lower()
    for kind in _candidates(wanted, family):
        if wanted in kind.names:
            return kind
    known = of(family)
    words = {one: kind.name for kind in known for one in kind.names}
    from difflib import get_close_matches

    close = [words[one] for one in get_close_matches(wanted, words, 1)]
    raise SpecError(
        f'unknown kind of {family.noun} "{word}"',
        f"did you mean {close[0]}?" if close else "valid kinds are " + ", ".join(kind.name for kind in known),
    )


def named(kind: Kind | str | None, family: Family = TRAINING) -> Kind | None:
    """The kind that a caller passes, as itself or as a word for `find`; None (any kind) for "" and None."""
    return find(kind, family) if isinstance(kind, str) and kind else kind or None


def of_name(name: str) -> Kind | None:
    """The kind of any family with exactly that name, as in `Job.kind`; None if there is none."""
    return next(
        (kind for family in families() for kind in _candidates(name, family) if kind.name == name), None
    )


def called(word: str) -> Kind | None:
    """The kind of any family with that name, else with that alias, in any case; None if there is none."""
    if exact := of_name(word.lower()):
        return exact
    for family in families():
        try:
            return find(word, family)
        except SpecError:
            continue
    return None


def is_safe(kind: str, option: str) -> bool:
    """Whether an untrusted project file may set an option of a kind; never an unknown one."""
    from arena.kinds.spec import option_called

    found = called(kind)
    try:
        return bool(found and option_called(found.spec, option).safe)
    except SpecError:
        return False


def _candidates(word: str, family: Family) -> Iterator[Kind]:
    """The kinds of a family, likely ones first, so that the others need not be imported.

    Aliases mostly begin as names do.
    """
    modules = sorted(_modules(family.name), key=lambda name: not name.startswith(word[:2]))
    yield from (_load(f"{__name__}.{family.name}.{one}") for one in modules)
    yield from (kind for kind in _foreign() if kind.family.name == family.name)


@cache
def _modules(family: str) -> tuple[str, ...]:
    """The modules of a family's package; each is a kind, since shared code is in subpackages."""
    folder = os.path.join(__path__[0], family)
    # A family from an installed package has none.
    return tuple(entry_points.modules(folder)) if os.path.isdir(folder) else ()


@cache
def _load(module: str) -> Kind:
    kind: Kind = import_module(module).KIND
    return kind


def _foreign() -> tuple[Kind, ...]:
    return entry_points.load(entry_points.KINDS)
