"""Structured values of options that only servings have."""

from arena.errors import SpecError
from arena.kinds.option_types import NamedValues, as_list, list_type, mapping, mapping_type
from arena.kinds.option_values import Mount
from arena.kinds.validators import object_name, path, shown, text


def _temporary(item: object) -> Mount:
    if isinstance(item, Mount):
        return item
    name, sign, where = text(item).partition(":")
    if not sign or "." in name:
        raise SpecError(
            f"{shown(item)} cannot be read", "write it as NAME:/path, with a-z, 0-9 and - in NAME"
        )
    return Mount(object_name(name), path(where))


def _expression(value: object) -> str:
    word = text(value)
    if not word or word.startswith("/") or ".." in word.split("/"):
        raise SpecError(f"{shown(value)} is not a relative path", "write it like logs/$(ARENA_POD_NAME)")
    return word


def _expressions(value: object) -> NamedValues:
    """NAME:PATH as in the Go arena, or NAME=PATH; in a job file also a mapping."""
    items = [_with_equals(one) for one in as_list(value)]
    return mapping(object_name, _expression)(items)


def _with_equals(item: object) -> object:
    if not isinstance(item, str) or "=" in item.partition(":")[0] or ":" not in item:
        return item
    return item.replace(":", "=", 1)


TEMPORARY = list_type(_temporary, "NAME:/PATH")
EXPRESSIONS = mapping_type(_expressions, "NAME:PATH")
