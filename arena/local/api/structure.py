"""What follows from the structure of a kind: unknown fields, defaults, and values that are not allowed.

The rules and the messages are those of a cluster for custom resources. All functions that change an object do
so in place; a path is that of the value in the object, "" for the object itself.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from arena.local.api import go_types
from arena.local.api.limits import LIMITS, is_within, no_range
from arena.local.api.quantities import is_quantity, is_time
from arena.local.api.request_options import WriteOptions
from arena.local.api.schema import TIMES, Schema
from arena.local.field_errors import NOWHERE, FieldError, invalid, missing
from arena.tuples import NamedTuple

MISSING: Any = object()
"""The value of which there is none."""
WRONG_TYPE = "FieldValueTypeInvalid"
NAMES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number",
          type(None): "null"}  # fmt: skip
_ACCEPTED: dict[str, tuple[str, ...]] = {
    "number": ("number", "integer"),
    "int-or-string": ("integer", "string"),
    "quantity": ("integer", "number", "string"),
}
_EXACT = 2**53
"""Larger numbers with a decimal point are no integers to a cluster."""
_WRITTEN = 10**21
"""A cluster writes smaller numbers without an exponent."""
_NOTHING = Schema({"type": "null"})
"""The structure of what is in a list that should be none."""
_WORDS = {"int-or-string": "integer,string"}


class Pointed(int):
    """A whole number that was written with a decimal point, without which it is stored.

    Until then it is no integer to a cluster, and another value than the same number that is stored.
    """


NAMES[Pointed] = "number"


class Findings(NamedTuple):
    """What was wrong with an object that was decoded: its unknown fields, and what cannot be read."""

    unknown: list[str]
    errors: list[FieldError]


def decode(schema: Schema, obj: Any, custom: bool, how: WriteOptions) -> Findings:
    """Remove unknown fields and nulls from an object, and set the defaults of a custom kind.

    A built-in kind cannot be read with a value of a wrong type; of a custom one, this is so in its metadata.
    Nulls in a custom resource that the server itself has merged, as it applied a configuration, stay, as on a
    cluster, and are wrong.
    """
    meta = schema.child("metadata"), obj.get("metadata"), "metadata"
    typed = meta if custom else (schema, obj, "")
    if how.cuts and not custom:
        go_types.cut(schema, obj)
    go_types.normalise(*typed[:2], keeps_zeros=not how.manager)
    unknown = list(prune(schema, obj, keep_nulls=custom and how.applied))
    if custom:
        complete(schema, obj)
    return Findings(unknown, list(misfits(*typed)))


def prune(schema: Schema, value: Any, path: str = "", keep_nulls: bool = False) -> Iterator[str]:
    """Remove unknown fields, and nulls that stand for a field that is not there; yield the unknown ones."""
    if isinstance(value, list):
        item = schema.item if "items" in schema.raw or schema.is_open else _NOTHING
        for index, one in enumerate(value):
            yield from prune(item, one, f"{path}[{index}]", keep_nulls)
    elif isinstance(value, dict):
        for key in list(value):
            child, where = schema.known(key), below(path, key)
            if child is None and not schema.is_open:
                del value[key]
                yield where
            elif child is not None and value[key] is None and not (keep_nulls or _keeps_null(child)):
                del value[key]
            elif child is not None:
                yield from prune(child, value[key], where, keep_nulls)


def _keeps_null(schema: Schema) -> bool:
    return schema.nullable or "default" in schema.raw


def complete(schema: Schema, value: Any) -> None:
    """Set defaults, and note which whole numbers are written with a decimal point."""
    if isinstance(value, dict):
        for name, default in schema.defaults.items():
            if value.get(name) is None and not (name in value and schema.fields[name].nullable):
                value[name] = deepcopy(default)
    for key, one in _members(value):
        inner = schema.child(key) if isinstance(value, dict) else schema.item
        if isinstance(one, float) and one.is_integer() and abs(one) < _WRITTEN:
            value[key] = Pointed(int(one))
        else:
            complete(inner, one)


def misfits(schema: Schema, value: Any, path: str = "") -> Iterator[FieldError]:
    """The values that their type cannot hold."""
    if not (_fits(schema, value) and go_types.holds(schema, value)):
        yield _wrong(schema, path, value)
        return
    for key, one in _members(value):
        if isinstance(value, list):
            yield from misfits(schema.item, one, f"{path}[{key}]")
        elif child := schema.known(key):
            yield from misfits(child, one, below(path, key))


def _members(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def check(schema: Schema, value: Any, path: str = "", old: Any = MISSING) -> Iterator[FieldError]:
    """The errors of a value; what is as it was in `old` is not checked again, as a cluster does."""
    if (value is None and schema.nullable) or (old is not MISSING and alike(value, old)):
        return
    # What there is to check is checked even so, and a list passes for a text with a format, as in a cluster.
    if not _fits(schema, value) and not (isinstance(value, list) and _is_formatted(schema)):
        yield _wrong(schema, path, value)
        if schema.type == "int-or-string" and value is not None:
            yield invalid(NOWHERE, "", f'"{path}" must validate at least one schema (anyOf)')
    if schema.type == "integer" and _is_number(value) and not is_within(value, schema.raw.get("format", "")):
        yield no_range(path, schema.raw.get("format", ""))
    for name, bound in schema.limits.items():
        limit = LIMITS[name]
        if limit.applies(value) and limit.fails(value, bound):
            yield limit.error(path, value, bound)
    if isinstance(value, dict):
        yield from _mapping(schema, value, path, old)
    elif isinstance(value, list) and schema.type == "array":
        yield from _list(schema, value, path, old)


def alike(value: Any, old: Any) -> bool:
    """Whether values are equal and of the same types, as 1, 1.0 and True are not."""
    if isinstance(value, dict):
        return value == old and all(alike(one, old[key]) for key, one in value.items())
    if isinstance(value, list):
        return value == old and all(map(alike, value, old))
    return value == old and type(value) is type(old)


def _is_formatted(schema: Schema) -> bool:
    return schema.type == "string" and "format" in schema.raw


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _mapping(schema: Schema, value: dict[str, Any], path: str, old: Any) -> Iterator[FieldError]:
    yield from (missing(below(path, name)) for name in schema.required if name not in value)
    before = old if isinstance(old, dict) else {}
    for name, one in value.items():
        if child := schema.known(name):
            yield from check(child, one, below(path, name), before.get(name, MISSING))


def _list(schema: Schema, value: list[Any], path: str, old: Any) -> Iterator[FieldError]:
    before = same_items(schema, old)
    for index, one in enumerate(value):
        yield from check(schema.item, one, f"{path}[{index}]", before.get(mark(schema, one), MISSING))


def same_items(schema: Schema, old: Any) -> dict[str, Any]:
    """The items of a list by what identifies them; none of lists that are replaced whole."""
    return {mark(schema, one): one for one in old} if schema.keys and isinstance(old, list) else {}


def mark(schema: Schema, item: Any) -> str:
    """What identifies an item in its list, as text."""
    if schema.keys and isinstance(item, dict):
        item = {key: item[key] for key in schema.keys if key in item}
    return json.dumps(item, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _fits(schema: Schema, value: Any) -> bool:
    given, wanted = NAMES.get(type(value), "null"), schema.type
    if not wanted:
        return True
    if given == "string" and wanted == "string":
        form = schema.raw.get("format")
        return form not in TIMES or is_time(value, form == "micro-time")
    if given == "string" and wanted == "quantity":
        return is_quantity(value)
    if given == "number" and wanted in ("integer", "int-or-string"):
        return float(value).is_integer() and abs(value) < _EXACT
    return given in _ACCEPTED.get(wanted, (wanted,))


def _wrong(schema: Schema, path: str, value: Any) -> FieldError:
    given, wanted = NAMES.get(type(value), "null"), schema.raw.get("format", schema.type)
    if given == "string" and schema.type == "quantity":
        message = (
            f'Invalid value: "{value}": quantities must match the regular expression '
            "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        )
        return FieldError(path, WRONG_TYPE, message)
    if given == "string" and schema.type == "string":
        given = value
    elif given in ("string", "array", "null"):  # as a cluster, which names the format of other values only
        wanted = schema.type
    shown = json.dumps(given, ensure_ascii=False)
    what = f"{path} in body must be of type {_WORDS.get(wanted, wanted)}: {shown}"
    return FieldError(path, WRONG_TYPE, f"Invalid value: {shown}: {what}")


def below(path: str, name: str) -> str:
    """The path of a field."""
    return f"{path}.{name}" if path else name
