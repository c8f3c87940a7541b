"""What an operator tells the API of its kinds, as a CustomResourceDefinition and a webhook do."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from arena.local.causes import Cause
from arena.local.objects import Object, Resource

Column = tuple[str, Callable[[Object], object]]
"""The title of a column and the cell of one object."""

AGE: Column = ("Age", lambda obj: obj["metadata"].get("creationTimestamp"))
"""Where the age of objects is shown when not at the end."""


def _nothing(obj: Object) -> None:
    """No defaults."""


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A kind that the API serves because an operator is there for it.

    Attributes:
        shapes: its structures, a line each, as `api/shapes.py` writes them; those there may be used.
        check: what the operator's webhook refuses; pod templates are checked by the API itself.
        columns: what `kubectl get` prints between name and age.
        short: short names.
        status: whether its status is written apart from the rest.
        fill: sets defaults, in place.
        immutable: fields of spec that may not change.
        custom: whether a cluster serves it from a CustomResourceDefinition.
        seeds: objects that are there from the start.
    """

    resource: Resource
    shapes: str
    check: Callable[[Object], Iterable[Cause]] = lambda obj: ()
    columns: tuple[Column, ...] = ()
    short: tuple[str, ...] = ()
    status: bool = True
    fill: Callable[[Object], None] = _nothing
    immutable: tuple[str, ...] = ()
    custom: bool = True
    seeds: tuple[Object, ...] = ()


@cache
def every() -> tuple[Definition, ...]:
    """All definitions: the `DEFINITIONS` of the modules of the operators, in the order of their names."""
    import arena.local.operators as package

    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    modules = (importlib.import_module(f"{package.__name__}.{name}") for name in names)
    return tuple(one for module in modules for one in getattr(module, "DEFINITIONS", ()))
