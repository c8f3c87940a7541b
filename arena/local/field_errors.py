"""Errors of fields of objects in the API's wording, and patterns that several kinds share."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from arena.tuples import NamedTuple

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
DNS_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")


NOWHERE = "<nil>"
"""The field of errors for which a cluster names none."""


class FieldError(NamedTuple):
    """An error of one field."""

    field: str
    reason: str
    message: str


def invalid(field: str, value: Any, why: str) -> FieldError:
    """The error of a value that is not allowed."""
    return FieldError(field, "FieldValueInvalid", f"Invalid value: {_shown(value)}: {why}")


def missing(field: str, why: str = "") -> FieldError:
    """The error of a required value that is missing."""
    return FieldError(field, "FieldValueRequired", f"Required value: {why}" if why else "Required value")


def unsupported(field: str, value: Any, known: Sequence[str]) -> FieldError:
    """The error of a value that is not one of the supported ones."""
    words = ", ".join(f'"{one}"' for one in known)
    return FieldError(
        field, "FieldValueNotSupported", f"Unsupported value: {_shown(value)}: supported values: {words}"
    )


def duplicate(field: str, value: Any) -> FieldError:
    """The error of a value that is there twice."""
    return FieldError(field, "FieldValueDuplicate", f"Duplicate value: {_shown(value)}")


def unknown(field: str, value: str) -> FieldError:
    """The error of a name that nothing has."""
    return FieldError(field, "FieldValueNotFound", f"Not found: {_shown(value)}")


def _shown(value: Any) -> str:
    """The value as a cluster writes it."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def forbidden(field: str, why: str) -> FieldError:
    """The error of a value that must not be set."""
    return FieldError(field, "FieldValueForbidden", f"Forbidden: {why}")


def check_count(field: str, count: Any) -> Iterator[FieldError]:
    """Check that a count, if given, is a whole number of at least 0."""
    if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 0):
        yield invalid(field, count, "must be greater than or equal to 0")
