"""What follows from the structure of a kind: unknown fields, defaults, and values that are not allowed.

The rules and the messages are those of a cluster for custom resources. All functions that change an object do
so in place; a path is that of the value in the object, "" for the object itself.
"""

import json
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sized
from copy import deepcopy
from functools import cache
from typing import Any

from arena.local.api import go_types
from arena.local.api.quantities import is_quantity, is_time
from arena.local.api.schema import Schema
from arena.local.field_errors import FieldError, invalid, missing, unsupported
from arena.tuples import NamedTuple

MISSING: Any = object()
"""The value of which there is none."""
_WRONG_TYPE = "FieldValueTypeInvalid"
_NAMES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number",
          type(None): "null"}  # fmt: skip
_ACCEPTED: dict[str, tuple[str, ...]] = {
    "number": ("number", "integer"),
    "int-or-string": ("integer", "string"),
    "quantity": ("integer", "number", "string"),
}
_WORDS = {"int-or-string": "integer,string"}


class Findings(NamedTuple):
    """What is wrong with an object that was decoded: its unknown fields, and its errors."""

    unknown: list[str]
    errors: list[FieldError]

    @property
    def wrong(self) -> list[FieldError]:
        """The values of a wrong type."""
        return [one for one in self.errors if one.reason == _WRONG_TYPE]


def decode(schema: Schema, obj: Any, custom: bool, old: Any = MISSING) -> Findings:
    """Remove unknown fields and nulls from an object, and check it; set the defaults of a custom kind.

    Of a built-in kind, only the types are checked.
    """
    # The metadata of all kinds is of a built-in type.
    go_types.normalise(schema.child("metadata") if custom else schema, obj.get("metadata") if custom else obj)
    unknown = list(prune(schema, obj))
    if not custom:
        return Findings(unknown, list(_misfits(schema, obj)))
    complete(schema, obj)
    return Findings(unknown, list(check(schema, obj, old=old)))


def prune(schema: Schema, value: Any, path: str = "") -> Iterator[str]:
    """Remove unknown fields, and nulls that stand for a field that is not there; yield the unknown ones."""
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from prune(schema.item, one, f"{path}[{index}]")
    elif isinstance(value, dict):
        for key in list(value):
            child, where = schema.known(key), _below(path, key)
            if child is None and not schema.is_open:
                del value[key]
                yield where
            elif child is not None and value[key] is None and not _keeps_null(child):
                del value[key]
            elif child is not None:
                yield from prune(child, value[key], where)


def _keeps_null(schema: Schema) -> bool:
    return schema.nullable or "default" in schema.raw


def complete(schema: Schema, value: Any) -> None:
    """Set defaults, and write whole numbers as integers."""
    if isinstance(value, dict):
        for name, default in schema.defaults.items():
            if value.get(name) is None and not (name in value and schema.fields[name].nullable):
                value[name] = deepcopy(default)
    for key, one in _members(value):
        inner = schema.child(key) if isinstance(value, dict) else schema.item
        if isinstance(one, float) and one.is_integer() and inner.type == "integer":
            value[key] = int(one)
        else:
            complete(inner, one)


def _misfits(schema: Schema, value: Any, path: str = "") -> Iterator[FieldError]:
    """The values that their type cannot hold."""
    if not (_fits(schema, value) and go_types.holds(schema, value)):
        yield _wrong(schema, path, value)
        return
    for key, one in _members(value):
        if isinstance(value, list):
            yield from _misfits(schema.item, one, f"{path}[{key}]")
        elif child := schema.known(key):
            yield from _misfits(child, one, _below(path, key))


def _members(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def check(schema: Schema, value: Any, path: str = "", old: Any = MISSING) -> Iterator[FieldError]:
    """The errors of a value; what is as it was in `old` is not checked again, as a cluster does."""
    if (value is None and schema.nullable) or (old is not MISSING and value == old):
        return
    if not _fits(schema, value):
        yield _wrong(schema, path, value)
        return
    for name, bound in schema.limits.items():
        limit = _LIMITS[name]
        if isinstance(value, limit.of) and limit.fails(value, bound):
            yield limit.error(path, value, bound)
    if old is not MISSING and "fixed" in schema.limits:
        yield invalid(path, _NAMES[type(value)], "field is immutable")
    if isinstance(value, dict):
        yield from _mapping(schema, value, path, old)
    elif isinstance(value, list):
        yield from _list(schema, value, path, old)


def _mapping(schema: Schema, value: dict[str, Any], path: str, old: Any) -> Iterator[FieldError]:
    yield from (missing(_below(path, name)) for name in schema.required if name not in value)
    before = old if isinstance(old, dict) else {}
    for name, one in value.items():
        if child := schema.known(name):
            yield from check(child, one, _below(path, name), before.get(name, MISSING))


def _list(schema: Schema, value: list[Any], path: str, old: Any) -> Iterator[FieldError]:
    before: dict[str, Any] = {}
    if schema.keys and isinstance(old, list):
        before = {_mark(schema, one): one for one in old}
    seen: set[str] = set()
    for index, one in enumerate(value):
        where = f"{path}[{index}]"
        mark = _mark(schema, one)
        if mark in seen and (schema.keys or schema.is_set):
            yield FieldError(where, "FieldValueDuplicate", f"Duplicate value: {mark}")
        seen.add(mark)
        yield from check(schema.item, one, where, before.get(mark, MISSING))


def _mark(schema: Schema, item: Any) -> str:
    """What identifies an item in its list, as text."""
    if schema.keys and isinstance(item, dict):
        item = {key: item[key] for key in schema.keys if key in item}
    return json.dumps(item, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _fits(schema: Schema, value: Any) -> bool:
    given, wanted = _NAMES.get(type(value), "null"), schema.type
    if not wanted:
        return True
    if given == "string" and wanted == "string":
        return schema.raw.get("format") != "date-time" or is_time(value)
    if given == "string" and wanted == "quantity":
        return is_quantity(value)
    if given == "number" and wanted == "integer":
        return bool(value.is_integer())
    return given in _ACCEPTED.get(wanted, (wanted,))


def _wrong(schema: Schema, path: str, value: Any) -> FieldError:
    given, wanted = _NAMES.get(type(value), "null"), schema.raw.get("format", schema.type)
    if given == "string" and schema.type == "quantity":
        message = (
            f'Invalid value: "{value}": quantities must match the regular expression '
            "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        )
        return FieldError(path, _WRONG_TYPE, message)
    if given == "string" and schema.type == "string":
        given = value
    elif given in ("string", "array", "null"):  # as a cluster, which names the format of other values only
        wanted = schema.type
    shown = json.dumps(given, ensure_ascii=False)
    what = f"{path} in body must be of type {_WORDS.get(wanted, wanted)}: {shown}"
    return FieldError(path, _WRONG_TYPE, f"Invalid value: {shown}: {what}")


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


class Limit(NamedTuple):
    """The types that a limit applies to, whether a value fails it, and the error."""

    of: tuple[type, ...]
    fails: Callable[[Any, Any], bool]
    error: Callable[[str, Any, Any], FieldError]


def _never(value: Any, bound: Any) -> bool:
    return False


def _short(value: Sized, least: int) -> bool:
    return len(value) < least


def _long(value: Sized, most: int) -> bool:
    return len(value) > most


def _outside(value: int, form: str) -> bool:
    bits = {"int32": 31, "int64": 63}.get(form)
    return bits is not None and not -(2**bits) <= value < 2**bits


def _fails_pattern(value: str, pattern: str) -> bool:
    return not _compiled(pattern).search(value)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern as published: its `$` is the end of the text, and its digits are those of ASCII."""
    return re.compile(re.sub(r"(?<!\\)\$", r"\\Z", pattern), re.ASCII)


def _body(words: str) -> Callable[[str, Any, Any], FieldError]:
    """The error of a value that fails a limit, which replaces `{}` in the words."""

    def error(path: str, value: Any, limit: Any) -> FieldError:
        shown = len(value) if isinstance(value, (list, dict)) else value
        return invalid(path, shown, f"{path} in body {words.format(limit)}")

    return error


def _overlap(value: Mapping[str, Any], groups: list[list[str]]) -> bool:
    """Whether there are several fields of a group."""
    return any(len(value.keys() & set(group)) > 1 for group in groups)


def _none_of(value: Mapping[str, Any], groups: list[list[str]]) -> bool:
    """Whether no group of fields is there whole."""
    return not any(value.keys() >= set(group) for group in groups)


def _rule(words: str) -> Callable[[str, Any, Any], FieldError]:
    """The error of a value that fails a rule; `{}` is replaced by the groups of fields, or the values."""

    def error(path: str, value: Any, groups: list[Any]) -> FieldError:
        known = [" and ".join(group) if isinstance(group, list) else group for group in groups]
        return invalid(path, _NAMES[type(value)], words.format("; ".join(known)))

    return error


def _too_long(path: str, value: Any, most: int) -> FieldError:
    return FieldError(path, "FieldValueTooLong", f"Too long: may not be more than {most} bytes")


def _too_many(path: str, value: Sized, most: int) -> FieldError:
    text = f"Too many: {len(value)}: must have at most {most} items"
    return FieldError(path, "FieldValueTooMany", text)


_NUMBERS = (int, float)
_LIMITS = {
    "fixed": Limit((), _never, _rule("")),
    "enum": Limit((object,), lambda value, known: value not in known, unsupported),
    "format": Limit((int,), _outside, _body("must be of type integer with format {}")),
    "minimum": Limit(_NUMBERS, operator.lt, _body("should be greater than or equal to {}")),
    "maximum": Limit(_NUMBERS, operator.gt, _body("should be less than or equal to {}")),
    "minLength": Limit((str,), _short, _body("should be at least {} chars long")),
    "maxLength": Limit((str,), _long, _too_long),
    "pattern": Limit((str,), _fails_pattern, _body("should match '{}'")),
    "minItems": Limit((list,), _short, _body("should have at least {} items")),
    "maxItems": Limit((list,), _long, _too_many),
    "minProperties": Limit((dict,), _short, _body("should have at least {} properties")),
    "maxProperties": Limit((dict,), _long, _too_many),
    "exclusive": Limit((dict,), _overlap, _rule("has fields that exclude each other: {}")),
    "alternatives": Limit((dict,), _none_of, _rule("needs one of these: {}")),
    "excluded": Limit((object,), lambda value, banned: value in banned, _rule("must not be one of: {}")),
}
"""The limits of a structure; whether a value is `fixed`, only a change shows."""
