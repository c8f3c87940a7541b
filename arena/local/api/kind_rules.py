"""The rules of a kind: of one with an operator from its definition, of others from `rules`."""

from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from arena.local import formats
from arena.local.api.resource_types import Type
from arena.local.field_errors import FieldError
from arena.local.formats import Format
from arena.local.objects import Object
from arena.tuples import NamedTuple


def nothing(*objects: Object) -> Iterable[FieldError]:
    """There are no errors."""
    return ()


def _keep_nothing(old: Object, new: Object) -> None:
    """Nothing is kept."""


class Rules(NamedTuple):
    """What is refused in objects of a kind, besides what their structure does not allow."""

    check: Callable[[Object], Iterable[FieldError]] = nothing
    """The errors of an object, new or changed."""
    check_new: Callable[[Object], Iterable[FieldError]] = nothing
    """Further errors of a new object."""
    change: Callable[[Object, Object], Iterable[FieldError]] = nothing
    """The errors of a change, from the old and the new object."""
    immutable: tuple[str, ...] = ()
    """The paths of fields that may not change."""
    name: Format = formats.subdomain
    """The format of names."""
    keep: Callable[[Object, Object], None] = _keep_nothing
    """Sets what an update leaves out and a server does not, in place, from the old and the new object."""


def of(kind: Type) -> Rules:
    """The rules of a type."""
    if one := kind.definition:
        immutable = tuple(f"spec.{name}" for name in one.immutable)
        return Rules(check=one.check, change=one.change, immutable=immutable)
    return _built_in(kind.resource.plural)


@cache
def _built_in(plural: str) -> Rules:
    name = f"arena.local.api.rules.{plural}"
    if find_spec(name) is None:
        return Rules()
    rules: Rules = import_module(name).RULES
    return rules
