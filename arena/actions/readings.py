"""Readings of several things at once, of which some may not be readable: what was found, and what is missing.

A part that cannot be read takes away that part, never the rest. Only if nothing can be read, its error is
that of the whole reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from arena.errors import ArenaError, NotAllowed, NotFound, Unreachable
from arena.model.partial import Partial, Unread
from arena.parallel import thread_pool
from arena.resources import Resource
from arena.tuples import NamedTuple

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]
T = TypeVar("T")
INSTANCES = "instances are missing"
EVENTS = "events are missing"
REASONS = "reasons may be missing"
"""What answers lack for an unreadable part; see `Unread.effect`."""


class Hidden(Unreachable):
    """A part of the cluster is broken, and may have the object that none of the others has."""


class Types(NamedTuple):
    """The types that a cluster serves, of those that were asked for."""

    served: Sequence[Resource]
    errors: Mapping[Resource, ArenaError]
    """The types for which it is unknown whether the cluster serves them."""
    empty: Sequence[Resource] = ()
    """Those of the served types that need not be read, since they have no objects."""


class Reading(NamedTuple):
    """The objects of each type that could be read, and the errors of the others."""

    objects: Mapping[Resource, Iterable[Object]]
    errors: Mapping[Resource, ArenaError]

    def unread(self, plural: str) -> tuple[Unread, ...]:
        """What is missing of objects of this name."""
        effect = f"some {plural} may be missing"
        return tuple(unread(resource, error, effect) for resource, error in self.errors.items())


def read(types: Types, read_type: Callable[[Resource], Iterable[Object]]) -> Reading:
    """Read several types at once.

    Args:
        read_type: reads one type; it is called by several threads.

    Raises:
        ArenaError: no type can be read.
    """

    def answer(resource: Resource) -> Iterable[Object] | ArenaError:
        try:
            return read_type(resource)
        except ArenaError as error:
            return error

    wanted = [one for one in types.served if one not in types.empty]
    with thread_pool() as threads:
        answers = dict(zip(wanted, threads.map(answer, wanted), strict=True))
    found = {resource: one for resource, one in answers.items() if not isinstance(one, ArenaError)}
    errors = {resource: one for resource, one in answers.items() if isinstance(one, ArenaError)}
    return reading({**dict.fromkeys(types.empty, ()), **found}, {**errors, **types.errors})


def reading(objects: Mapping[Resource, Iterable[Object]], errors: Mapping[Resource, ArenaError]) -> Reading:
    """What was read of several types.

    Raises:
        ArenaError: no type could be read.
    """
    if errors and not objects:
        raise next(iter(errors.values()))
    return Reading(objects, errors)


def optional(what: Resource | str, effect: str, call: Callable[[], Sequence[T]]) -> Partial[T]:
    """What a call returns, or nothing if that cannot be read."""
    try:
        return Partial(call())
    except ArenaError as error:
        return Partial((), [unread(what, error, effect)])


def unread(what: Resource | str, error: ArenaError, effect: str) -> Unread:
    """What could not be read, and what the answer lacks for it."""
    if isinstance(what, Resource):
        what = f"{what.plural}.{what.group}" if what.group else what.plural
    return Unread(what=what, why=error.message, effect=effect, forbidden=isinstance(error, NotAllowed))


def absent(title: str, place: str, reading: Reading, hint: str) -> ArenaError:
    """The error for an object that none of the types has that could be read.

    Args:
        title: the object, such as `job "bert"`.
        place: where it was looked for, such as `in namespace "team-a"`.
        hint: what to do if it is nowhere.
    """
    text = f"no {title} {place}"
    if not reading.errors:
        return NotFound(text, hint)
    names = ", ".join(dict.fromkeys(one.plural for one in reading.errors))
    broken = [one for one in reading.errors.values() if not isinstance(one, NotAllowed)]
    if broken:
        whys = "; ".join(dict.fromkeys(one.message for one in broken))
        text = f"{text} among the kinds that can be read (not: {names}): {whys}"
        return Hidden(text, "try again, or choose the kind with -T")
    return NotFound(f"{text} among the kinds that you may read (not: {names})", hint)


def overview(cluster: Cluster, reading: Reading, command: str, plural: str) -> str:
    """Which command lists what there is, in all namespaces if this user may list one of the types there."""
    everywhere = any(cluster.may_list(one) for one in list(reading.objects)[:1])
    return f"{command} -A shows all {plural}" if everywhere else f"{command} shows the {plural} there are"
