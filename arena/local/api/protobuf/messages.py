"""What the messages of the API hold, as tests/published_messages.py writes it down in `published`.

A message is named by the first word of its group, its version unless that is v1, and its name in
Kubernetes, such as `core.Pod` or `autoscaling/v2.MetricSpec`. It is written as the list of its fields,
`NAME:TYPE`, in the order of their numbers, which count from 1 unless one is given as `NUMBER=`. A field
without a name is a message whose fields belong to the holder in JSON. The type is the name of a message or of
one of `values.CODECS`, as `[TYPE]` a list and as `{TYPE}` a map with texts as keys. A field that is marked
with `*` or `!` stays in JSON although it is empty: with `*`, a message may lack it, with `!`, JSON always
has it.
"""

from functools import cache

from arena.local.api import published
from arena.local.objects import Resource
from arena.tuples import NamedTuple

_ANY_GROUP = ("DeleteOptions", "Status", "PartialObjectMetadata", "PartialObjectMetadataList")
"""Kinds of every group."""


class Field(NamedTuple):
    """A field of a message."""

    number: int
    name: str
    """Its name in JSON; "" if its own fields take its place there."""
    type: str
    shape: str
    """`[` for a list, `{` for a map, "" for a single value."""
    stays: bool
    """Whether it is there although it is empty."""


Message = tuple[Field, ...]


def has(resource: Resource) -> bool:
    """Whether the objects of a type have a message."""
    return _name(resource.group, resource.version, resource.kind) in _written()


def of(api_version: str, kind: str) -> Message:
    """The message for objects of a kind.

    Raises:
        LookupError: there is none.
    """
    group, _, version = api_version.rpartition("/")
    name = f"meta.{kind}" if kind in _ANY_GROUP else _name(group, version, kind)
    if name not in _written():
        raise LookupError(f"no message for {kind} of {api_version}")
    return named(name)


@cache
def named(name: str) -> Message:
    """The message with that name."""
    number, found = 0, []
    for word in _written()[name].split():
        place, _, rest = word.rpartition("=")
        number = int(place) if place else number + 1
        title, _, kind = rest.partition(":")
        bare = kind.rstrip("*!")
        shape = bare[0] if bare[0] in "[{" else ""
        found.append(Field(number, title, bare.strip("[]{}"), shape, bare != kind))
    return tuple(found)


@cache
def _written() -> dict[str, str]:
    return published.messages()


def _name(group: str, version: str, kind: str) -> str:
    """The name of a message; all groups of Kubernetes that have a dot end as these."""
    short = group.removesuffix(".k8s.io").removesuffix(".authorization") or "core"
    return f"{short}.{kind}" if version == "v1" else f"{short}/{version}.{kind}"
