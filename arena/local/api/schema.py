"""The shapes of objects, and the one walk that checks an object against its shape."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation, Overflow
from functools import cache
from typing import Any

from arena.local import definitions
from arena.local.api import shapes
from arena.local.api.types import Type
from arena.local.causes import Cause
from arena.local.objects import Object

QUANTITY = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d+)?", re.ASCII)
_LARGEST = 2**63
_WORDS = {
    "s": "string",
    "i": "integer",
    "n": "number",
    "b": "boolean",
    "q": "quantity",
    "x": "integer or string",
}
_TYPES = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
_NOTHING = {"s": "", "i": 0, "n": 0, "b": False, "q": "0", "x": 0}
"""What a cluster reads of a null in a list or map of a built-in type."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value looks like: a structure, a map, a list, a leaf, or anything."""

    text: str

    @property
    def is_map(self) -> bool:
        """Whether it is a map with keys of the user's choice."""
        return self.text.startswith("{")

    @property
    def is_list(self) -> bool:
        """Whether it is a list."""
        return self.text.startswith("[")

    @property
    def is_set(self) -> bool:
        """Whether it is a list of texts of which each may be there once."""
        return self.text.endswith("+]")

    @property
    def is_struct(self) -> bool:
        """Whether its fields are known."""
        return self.text[:1].isupper()

    @property
    def keys(self) -> tuple[str, ...]:
        """The fields that tell the items of a list apart; () for a list that is replaced whole."""
        if not self.is_list or "/" not in self.text:
            return ()
        return tuple(self.text[1:-1].split("/")[1].split(","))

    @property
    def item(self) -> "Shape":
        """The shape of a list's items, of a map's values."""
        if not (self.is_list or self.is_map):
            return ANY
        return Shape(self.text[1:-1].split("/")[0].rstrip("+"))

    def child(self, name: str) -> "Shape":
        """The shape of a field; ANY where it is not known."""
        if self.is_map:
            return self.item
        return fields(self.text).get(name, ANY) if self.is_struct else ANY

    @property
    def word(self) -> str:
        """What messages call a value of this shape."""
        return "array" if self.is_list else _WORDS.get(self.text, "object")

    @property
    def nothing(self) -> Any:
        """The value of this shape that says nothing."""
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
    """The fields of a structure; each kind has apiVersion and kind too."""
    found = {"apiVersion": Shape("s"), "kind": Shape("s")} if _is_kind(struct) else {}
    for word in _lines()[struct]:
        name, _, kind = word.rstrip("!").partition(":")
        found[name] = Shape(kind)
    return found


@cache
def required(struct: str) -> tuple[str, ...]:
    """The fields that a structure cannot do without."""
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
    """What a walk found in an object of a type that is `custom` or built in."""

    custom: bool
    unknown: list[str]
    wrong: list[Cause]


def check(kind: Type, obj: Object) -> Findings:
    """Remove unknown fields from the object (in place) and say which; say which values are wrong.

    Fields that are null are removed; items that are null are wrong, or say nothing in a built-in type.
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
    if kind == "n":
        return isinstance(value, (int, float))
    if kind == "x":
        return isinstance(value, (int, str))
    return isinstance(value, int) or (isinstance(value, str) and is_quantity(value))


def is_quantity(text: str) -> bool:
    """Whether the text is a resource quantity."""
    try:
        return bool(QUANTITY.fullmatch(text)) and abs(quantity(text)) < _LARGEST
    except Overflow:
        return False


def quantity(value: Any) -> Decimal:
    """A quantity as a number; 0 for what is none."""
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


def _wrong(path: str, value: Any, shape: Shape) -> Cause:
    given = _TYPES.get(type(value), "number")
    if shape.word == "quantity" and given == "string":
        message = (
            f'Invalid value: "{value}": quantities must match the regular expression '
            "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        )
    else:
        message = f'Invalid value: "{given}": must be of type {shape.word}: "{given}"'
    return Cause(path, "FieldValueInvalid", message)
