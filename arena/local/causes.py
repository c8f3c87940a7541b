"""What can be wrong with a field of an object, in the API's words, and the names that several kinds share."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
DNS_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")


class Cause(NamedTuple):
    """One thing that is wrong with one field."""

    field: str
    reason: str
    message: str


def invalid(field: str, value: Any, why: str) -> Cause:
    """A value that is not allowed."""
    shown = json.dumps(value, ensure_ascii=False)
    return Cause(field, "FieldValueInvalid", f"Invalid value: {shown}: {why}")


def missing(field: str, why: str = "") -> Cause:
    """A value that must be there."""
    return Cause(field, "FieldValueRequired", f"Required value: {why}" if why else "Required value")


def unsupported(field: str, value: Any, known: Sequence[str]) -> Cause:
    """A value that is not one of those known."""
    words = ", ".join(f'"{one}"' for one in known)
    return Cause(field, "FieldValueNotSupported", f'Unsupported value: "{value}": supported values: {words}')


def forbidden(field: str, why: str) -> Cause:
    """A value that must not be there."""
    return Cause(field, "FieldValueForbidden", f"Forbidden: {why}")


def check_count(field: str, count: Any) -> Iterator[Cause]:
    """A count is a whole number of 0 or more."""
    if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 0):
        yield invalid(field, count, "must be greater than or equal to 0")
