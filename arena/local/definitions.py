"""How an operator describes its kinds to the API, as a CustomResourceDefinition and a webhook would."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from arena.local.field_errors import FieldError
from arena.local.installed import modules
from arena.local.objects import Object, Objects, Resource
from arena.tuples import NamedTuple

Column = tuple[str, Callable[[Object], object]]
"""The title of a column and the cell of one object."""

AGE: Column = ("Age", lambda obj: obj["metadata"].get("creationTimestamp"))
"""The age, for kinds that do not show it in the last column."""


class Span(NamedTuple):
    """A cell that shows the time between two moments, as the API's text."""

    start: str | None
    end: str | None
    """None: it has not ended."""


class Outcome(NamedTuple):
    """How and when a job ended."""

    word: str
    """`Succeeded`, `Failed`, or "" for a job that has not ended."""
    time: str | None
    """When it ended, as the API's text."""


def set_defaults(target: Object, **values: Any) -> None:
    """Set fields that are missing or null, in place."""
    for key, value in values.items():
        if target.get(key) is None:
            target[key] = value


def _nothing(obj: Object) -> None:
    """No defaults."""


class Conversion(NamedTuple):
    """A version of a built-in kind that has other fields than the one in which its objects are stored."""

    structure: Mapping[str, Any]
    up: Callable[[Object], Object]
    """An object of this version -> the same as it is stored."""
    down: Callable[[Object], Object]
    """A stored object -> the same in this version."""


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A kind that the API serves because its operator is installed.

    Attributes:
        structure: that of a kind of which none is in `api/published`, as `api/schema.py` describes it.
        check: yields what the operator's webhook refuses; the API itself checks pod templates.
        columns: the columns that `kubectl get` prints between name and age; these and the next four say
            what a published definition says itself.
        wide: the columns that `kubectl get -o wide` prints behind them.
        short: short names.
        status: whether it has the subresource `status`.
        scale: whether it has the subresource `scale`.
        fill: sets the defaults, in place.
        templates: whether the API checks its pod templates.
        immutable: the fields of spec that may not change, as paths.
        change: yields what else may not change, from the old and the new object.
        served: the versions besides that of the resource in which its objects are served, too.
        conversions: how objects are converted to those of them that have other fields.
        fields: the paths that a field selector may name, besides name and namespace.
        custom: whether a cluster serves it from a CustomResourceDefinition.
        seeds: objects that exist from the start.
        scheduled: for a kind whose objects start others on a schedule, whether an object will do so: the
            server must then stay even if nothing runs. None for all other kinds.
        outcome: how a job of the kind ended; None if its conditions show it.
    """

    resource: Resource
    structure: Mapping[str, Any] = field(default_factory=dict)
    check: Callable[[Object], Iterable[FieldError]] = lambda obj: ()
    columns: tuple[Column, ...] = ()
    wide: tuple[Column, ...] = ()
    short: tuple[str, ...] = ()
    status: bool = True
    scale: bool = False
    fill: Callable[[Object], None] = _nothing
    templates: bool = True
    immutable: tuple[str, ...] = ()
    change: Callable[[Object, Object], Iterable[FieldError]] = lambda old, new: ()
    served: tuple[str, ...] = ()
    conversions: Mapping[str, Conversion] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    custom: bool = True
    seeds: tuple[Object, ...] = ()
    scheduled: Callable[[Object], bool] | None = None
    outcome: Callable[[Object], Outcome] | None = None

    @property
    def resources(self) -> tuple[Resource, ...]:
        """The kind in all served versions, first that in which objects are stored."""
        return (self.resource, *(self.resource._replace(version=one) for one in self.served))

    @property
    def fills(self) -> bool:
        """Whether it sets defaults itself."""
        return self.fill is not _nothing


@cache
def every() -> tuple[Definition, ...]:
    """All definitions: the `DEFINITIONS` of the installed operators' modules."""
    return tuple(one for module in modules() for one in getattr(module, "DEFINITIONS", ()))


def is_awaited(objects: Objects) -> bool:
    """Whether an object will start others on its schedule."""
    recurring = [(one.resource, one.scheduled) for one in every() if one.scheduled]
    return any(scheduled(obj) for resource, scheduled in recurring for obj in objects.list(resource))
