"""The shapes of objects, and the function that checks an object against its shape."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation, Overflow
from functools import cache
from typing import Any

from arena.local import definitions
from arena.local.api import shapes
from arena.local.api.resource_types import Type
from arena.local.field_errors import FieldError
from arena.local.objects import Object

QUANTITY = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d+)?", re.ASCII)
_LARGEST = 2**63
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_WORDS = {
    "s": "string",
    "i": "integer",
    "n": "number",
    "b": "boolean",
    "q": "quantity",
    "x": "integer or string",
    "t": "date-time",
}
_TYPES = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
_NOTHING = {"s": "", "i": 0, "n": 0, "b": False, "q": "0", "x": 0, "t": None}
"""What a cluster reads for a null in a list or map of a built-in type."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of a value: a structure, a map, a list, a leaf, or anything."""

    text: str

    @property
    def is_map(self) -> bool:
        """Whether it is a map with arbitrary keys."""
        return self.text.startswith("{")

    @property
    def is_list(self) -> bool:
        """Whether it is a list."""
        return self.text.startswith("[")

    @property
    def is_set(self) -> bool:
        """Whether it is a list of unique texts."""
        return self.text.endswith("+]")

    @property
    def is_struct(self) -> bool:
        """Whether it is a structure with known fields."""
        return self.text[:1].isupper()

    @property
    def keys(self) -> tuple[str, ...]:
        """The fields that identify the items of a list; () for a list that is replaced whole."""
        if not self.is_list or "/" not in self.text:
            return ()
        return tuple(self.text[1:-1].split("/")[1].split(","))

    @property
    def item(self) -> "Shape":
        """The shape of a list's items or of a map's values."""
        if not (self.is_list or self.is_map):
            return ANY
        return Shape(self.text[1:-1].split("/")[0].rstrip("+"))

    def child(self, name: str) -> "Shape":
        """The shape of a field; ANY if it is unknown."""
        if self.is_map:
            return self.item
        return fields(self.text).get(name, ANY) if self.is_struct else ANY

    @property
    def word(self) -> str:
        """The name of a value of this shape in messages."""
        return "array" if self.is_list else _WORDS.get(self.text, "object")

    @property
    def nothing(self) -> Any:
        """The empty value of this shape."""
        if self.is_list:
            return []
        return {} if self.is_map or self.is_struct else _NOTHING.get(self.text)


ANY = Shape("any")


@cache
def _lines() -> dict[str, tuple[str, ...]]:
    """Structure -> its fields, as written in `shapes` and in the definitions."""
    texts = (shapes.ALL, *(one.shapes for one in definitions.every()))
    rows = (line.split() for text in texts for line in text.splitlines() if line)
    return {words[0]: tuple(words[1:]) for words in rows}


@cache
def fields(struct: str) -> dict[str, Shape]:
    """The fields of a structure; each kind also has apiVersion and kind."""
    found = {"apiVersion": Shape("s"), "kind": Shape("s")} if _is_kind(struct) else {}
    for word in _lines()[struct]:
        name, _, kind = word.rstrip("!").partition(":")
        found[name] = Shape(kind)
    return found


@cache
def required(struct: str) -> tuple[str, ...]:
    """The required fields of a structure."""
    return tuple(word.partition(":")[0] for word in _lines()[struct] if word.endswith("!"))


def structs() -> tuple[str, ...]:
    """The names of all structures."""
    return tuple(_lines())


def root(kind: Type) -> Shape:
    """The shape of the objects of a type."""
    return Shape(kind.resource.kind)


def _is_kind(struct: str) -> bool:
    words = _lines()[struct]
    return bool(words) and words[0] == "metadata:ObjectMeta" and struct != "PodTemplateSpec"


@dataclass(slots=True)
class Findings:
    """The findings of a check of an object, whose type is `custom` or built in."""

    custom: bool
    unknown: list[str]
    wrong: list[FieldError]


def check(kind: Type, obj: Object) -> Findings:
    """Remove unknown fields from the object (in place); return them and the wrong values.

    Null fields are removed; null items are wrong, or empty in a built-in type.
    """
    found = Findings(kind.custom, [], [])
    _check(root(kind), obj, "", found)
    return found


def _check(shape: Shape, value: Any, path: str, found: Findings) -> None:
    if shape == ANY or value is None:
        return
    if shape.is_struct or shape.is_map:
        if not isinstance(value, dict):
            found.wrong.append(_wrong(path, value, shape))
        elif shape.is_struct:
            _check_struct(shape, value, path, found)
        else:
            _check_items(shape.item, value, {key: f"{path}.{key}" for key in value}, found)
    elif shape.is_list:
        if not isinstance(value, list):
            found.wrong.append(_wrong(path, value, shape))
        else:
            _check_items(shape.item, value, {index: f"{path}[{index}]" for index in range(len(value))}, found)
    elif not _fits(shape.text, value):
        found.wrong.append(_wrong(path, value, shape))


def _check_items(item: Shape, value: Any, paths: dict[Any, str], found: Findings) -> None:
    for key, path in paths.items():
        if value[key] is None and found.custom and item != ANY:
            found.wrong.append(_wrong(path, None, item))
        elif value[key] is None:
            value[key] = item.nothing
        _check(item, value[key], path, found)


def _check_struct(shape: Shape, value: Object, path: str, found: Findings) -> None:
    known = fields(shape.text)
    for key in list(value):
        where = f"{path}.{key}" if path else key
        if key not in known:
            found.unknown.append(where)
            del value[key]
        elif value[key] is None:
            del value[key]
        else:
            _check(known[key], value[key], where, found)


def _fits(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "b"
    if kind in ("s", "b"):
        return kind == "s" and isinstance(value, str)
    if kind == "i":
        return isinstance(value, int)
    if kind == "t":
        return isinstance(value, str) and is_time(value)
    if kind == "n":
        return isinstance(value, (int, float))
    if kind == "x":
        return isinstance(value, (int, str))
    return isinstance(value, int) or (isinstance(value, str) and is_quantity(value))


def is_time(text: str) -> bool:
    """Whether the text is an RFC 3339 time, which a cluster writes in UTC."""
    if not _TIME.fullmatch(text):
        return False
    try:
        return bool(datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        return False


def is_quantity(text: str) -> bool:
    """Whether the text is a resource quantity."""
    try:
        return bool(QUANTITY.fullmatch(text)) and abs(quantity(text)) < _LARGEST
    except Overflow:
        return False


def quantity(value: Any) -> Decimal:
    """A quantity as a number; 0 if it is invalid."""
    text = str(value)
    suffix = re.search(r"(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE])?$", text)
    unit = suffix.group(0) if suffix else ""
    try:
        number = Decimal(text[: len(text) - len(unit)])
    except InvalidOperation:
        return Decimal(0)
    if unit.endswith("i"):
        return number * Decimal(1024) ** ("KMGTPE".index(unit[0]) + 1)
    if unit in ("n", "u", "m"):
        return number / Decimal(1000) ** (3 - "num".index(unit))
    return number * Decimal(1000) ** ("kMGTPE".index(unit) + 1 if unit else 0)


def _wrong(path: str, value: Any, shape: Shape) -> FieldError:
    given = _TYPES.get(type(value), "number")
    if shape.word == "quantity" and given == "string":
        message = (
            f'Invalid value: "{value}": quantities must match the regular expression '
            "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        )
    else:
        message = f'Invalid value: "{given}": must be of type {shape.word}: "{given}"'
    return FieldError(path, "FieldValueInvalid", message)
