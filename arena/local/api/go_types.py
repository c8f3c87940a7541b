"""How objects of built-in kinds are read: as a cluster does, whose types for them are those of Go.

Nulls are as if they were not there, in lists and maps they stand for an empty value; quantities are written
in their normal form; whole numbers have a size. The metadata of all kinds is of such a type. All functions
that change an object do so in place.
"""

import base64
from copy import deepcopy
from typing import Any

from arena.local.api.quantities import normal
from arena.local.api.schema import Schema

_BITS = {"int32": 31, "int64": 63}
"""The bits of whole numbers, without that of the sign."""


def normalise(schema: Schema, value: Any) -> None:
    """Remove nulls, or replace them in lists and maps, and write quantities in their normal form."""
    if isinstance(value, dict):
        for key, one in list(value.items()):
            child = schema.known(key)
            if one is None and child is not None and not schema.values:
                del value[key]
            elif child is not None:
                value[key] = _normal(child, one)
    elif isinstance(value, list):
        value[:] = [_normal(schema.item, one) for one in value]


def _normal(schema: Schema, value: Any) -> Any:
    if value is None:
        return deepcopy(schema.nothing)
    if schema.type == "quantity":
        return normal(value)
    normalise(schema, value)
    return value


def holds(schema: Schema, value: Any) -> bool:
    """Whether a value that has the right type is also one of its format: of that size, or base64."""
    form = schema.raw.get("format")
    if schema.type == "int-or-string":
        form = "int32"
    if isinstance(value, float):
        return schema.type != "integer" and form not in _BITS
    if isinstance(value, int) and form in _BITS:
        return value.bit_length() <= _BITS[form]
    return form != "byte" or _is_base64(value)


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except ValueError:
        return False
    return True
