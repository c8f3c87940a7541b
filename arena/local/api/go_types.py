"""How objects of built-in kinds are read: as a cluster does, whose types for them are those of Go.

Nulls and most empty values are as if they were not there, but nulls in lists and maps stand for an empty
value; quantities are written in their normal form; whole numbers have a size. The metadata of all kinds is of
such a type. All functions that change an object do so in place.
"""

import base64
from copy import deepcopy
from typing import Any

from arena.local.api.quantities import normal
from arena.local.api.schema import Schema

_BITS = {"int32": 31, "int64": 63}
"""The bits of whole numbers, without that of the sign."""


_WRITTEN = 10**21
"""Go writes smaller whole numbers without an exponent."""


def normalise(schema: Schema, value: Any, status: bool = False, keeps_zeros: bool = False) -> None:
    """Remove what is as if it were not there, and write the rest in its normal form.

    With `keeps_zeros` only nulls, empty lists and empty maps of a status are: operators read its numbers
    again.
    """
    if isinstance(value, dict):
        for key, one in list(value.items()):
            child = schema.known(key)
            if child is not None and _vanishes(schema, key, one, status and keeps_zeros):
                del value[key]
            elif child is not None:
                value[key] = _normal(child, one, status or key == "status", keeps_zeros)
    elif isinstance(value, list):
        value[:] = [_normal(schema.item, one, status, keeps_zeros) for one in value]


def _vanishes(schema: Schema, name: str, value: Any, keeps_zeros: bool) -> bool:
    """Whether a field is as if it were not there: null, and what is empty and need not be written."""
    if value is None or schema.values:
        return not schema.values
    if value or name not in schema.loses or (keeps_zeros and not isinstance(value, (list, dict))):
        return False
    return type(value) is type(schema.child(name).nothing)


def _normal(schema: Schema, value: Any, status: bool, keeps_zeros: bool) -> Any:
    if value is None:
        return deepcopy(schema.nothing)
    if schema.type == "quantity":
        return normal(value)
    if isinstance(value, list) and schema.raw.get("format") == "byte":
        return _encoded(value)
    normalise(schema, value, status, keeps_zeros)
    return value


def _encoded(numbers: list[Any]) -> Any:
    """Bytes as text, also if they are written as numbers; other lists as they are."""
    found = [0 if one is None else one for one in numbers]
    if all(type(one) is int and 0 <= one < 256 for one in found):
        return base64.b64encode(bytes(found)).decode()
    return numbers


def cut(schema: Schema, value: Any) -> None:
    """Write whole numbers as such, and cut those that their field is too small for.

    A cluster does so with what it has merged itself, which it does not read as text again.
    """
    if isinstance(value, (dict, list)):
        for key, one in list(value.items() if isinstance(value, dict) else enumerate(value)):
            inner = schema.child(key) if isinstance(value, dict) else schema.item
            if isinstance(one, (int, float)) and not isinstance(one, bool):
                value[key] = _cut(inner, one)
            else:
                cut(inner, one)


def _cut(schema: Schema, number: int | float) -> int | float:
    form = schema.raw.get("format")
    if isinstance(number, float) and not number.is_integer():
        return number
    if form not in _BITS or schema.type != "integer":
        return int(number) if abs(number) < _WRITTEN else number
    whole = int(number) if -(2**63) <= number < 2**63 else -(2**63)
    half: int = 2 ** _BITS[form]
    return (whole + half) % (2 * half) - half


def holds(schema: Schema, value: Any) -> bool:
    """Whether a value that has the right type is also one of its format: of that size, or base64."""
    form = schema.raw.get("format")
    if schema.type == "int-or-string":
        form = "int32"
    if isinstance(value, float):
        return schema.type != "integer" and form not in _BITS
    if isinstance(value, int) and form in _BITS:
        return bool(-(2 ** _BITS[form]) <= value < 2 ** _BITS[form])
    return form != "byte" or _is_base64(value)


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except ValueError:
        return False
    return True
