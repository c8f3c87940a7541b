"""What server-side apply needs of a configuration: known fields of the right types, and items with keys."""

from collections.abc import Iterator
from typing import Any

from arena.local.api.patches import fields
from arena.local.api.schema import TIMES, Schema

_SCALARS: dict[str, tuple[str, tuple[type, ...]]] = {
    "string": ("string", (str,)),
    "integer": ("numeric (int or float)", (int, float)),
    "number": ("numeric (int or float)", (int, float)),
    "boolean": ("boolean", (bool,)),
}
"""What a cluster calls them, and the types of their values."""
_ANY = ("", "int-or-string")
"""The types that allow any value here, as a cluster finds no type in the published structure."""


def check(value: Any, schema: Schema) -> None:
    """Refuse a configuration without the types of its kind.

    Raises:
        Unfit: it has an unknown field, a value of a wrong type, or an item that is repeated or has no keys.
    """
    for path, why in _faults(value, schema, "", False):
        raise fields.Unfit(f"{path}: {why}")


def _faults(value: Any, schema: Schema, path: str, is_open: bool) -> Iterator[tuple[str, str]]:
    """Paths and what is wrong there; what is below an open structure may have any fields."""
    is_open = is_open or schema.is_open
    if value is None or schema.type in _ANY:
        return
    if schema.type == "object":
        yield from _object(value, schema, path, is_open)
    elif schema.type == "array":
        yield from _list(value, schema, path, is_open)
    elif schema.type not in _SCALARS or schema.raw.get("format") in TIMES:
        if isinstance(value, (dict, list)):
            yield path, f"expected any scalar, got {value}"
    else:
        word, types = _SCALARS[schema.type]
        if not isinstance(value, types) or (isinstance(value, bool) and word != "boolean"):
            yield path, f"expected {word}, got {value}"


def _object(value: Any, schema: Schema, path: str, is_open: bool) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield path, f"expected map, got {value}"
        return
    for name, one in value.items():
        child = schema.known(name)
        if child is not None:
            yield from _faults(one, child, f"{path}.{name}", is_open)
        elif schema.fields and not is_open:
            yield f"{path}.{name}", "field not declared in schema"


def _list(value: Any, schema: Schema, path: str, is_open: bool) -> Iterator[tuple[str, str]]:
    if not isinstance(value, list):
        yield path, f"expected list, got {value}"
        return
    seen: set[str] = set()
    for number, one in enumerate(value):
        step = f"[{number}]"
        if not fields.is_leaf(value, schema):
            try:
                step = fields.show((fields.item_step(one, schema),))
            except fields.Unfit as unfit:
                yield f"{path}{step}", str(unfit).lstrip(": ")
                return
            if step in seen:
                yield path, f"duplicate entries for key {step}"
            seen.add(step)
        yield from _faults(one, schema.item, f"{path}{step}", is_open)
