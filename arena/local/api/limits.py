"""The limits of values besides their types: which values fail them, and the errors of a cluster."""

import operator
import re
from collections.abc import Callable, Sized
from functools import cache
from typing import Any

from arena.local.field_errors import NOWHERE, FieldError, invalid, unsupported
from arena.tuples import NamedTuple


class Limit(NamedTuple):
    """The types that a limit applies to, whether a value fails it, and the error."""

    of: tuple[type, ...]
    fails: Callable[[Any, Any], bool]
    error: Callable[[str, Any, Any], FieldError]

    def applies(self, value: Any) -> bool:
        """Whether it is one for such values."""
        return isinstance(value, self.of) and (not isinstance(value, bool) or self.of == (object,))


def _short(value: Sized, least: int) -> bool:
    return len(value) < least


def _long(value: Sized, most: int) -> bool:
    return len(value) > most


def is_within(value: float, form: str) -> bool:
    """Whether a number is a whole one of that format; without one, of 64 bits."""
    bits = 31 if form == "int32" else 63
    return value == int(value) and -(2**bits) <= value < 2**bits


def _fails_pattern(value: str, pattern: str) -> bool:
    return not _compiled(pattern).search(value)


_END = re.compile(r"(\\.|\[(?:\\.|[^\]\\])*\])|\$")
"""A `$` that stands for the end: neither escaped nor in a set of characters."""


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern as published: its `$` is the end of the text, and its digits are those of ASCII."""
    return re.compile(_END.sub(lambda found: found[1] or r"\Z", pattern), re.ASCII)


def _body(words: str) -> Callable[[str, Any, Any], FieldError]:
    """The error of a value that fails a limit, which replaces `{}` in the words."""

    def error(path: str, value: Any, limit: Any) -> FieldError:
        shown = len(value) if isinstance(value, (list, dict)) else value
        return invalid(path, shown, f"{path} in body {words.format(limit)}")

    return error


def no_range(path: str, form: str) -> FieldError:
    """The error of a number that is not within its format, for which a cluster names no field."""
    what = f"with format {form}" if form else "(default format)"
    return invalid(NOWHERE, "", f"Checked value must be of type integer {what} in {path}")


def _too_long(path: str, value: Any, most: int) -> FieldError:
    return FieldError(path, "FieldValueTooLong", f"Too long: may not be more than {most} bytes")


def _too_many(path: str, value: Sized, most: int) -> FieldError:
    text = f"Too many: {len(value)}: must have at most {most} items"
    return FieldError(path, "FieldValueTooMany", text)


_NUMBERS = (int, float)
LIMITS = {
    "enum": Limit((object,), lambda value, known: value not in known, unsupported),
    "minimum": Limit(_NUMBERS, operator.lt, _body("should be greater than or equal to {}")),
    "maximum": Limit(_NUMBERS, operator.gt, _body("should be less than or equal to {}")),
    "minLength": Limit((str,), _short, _body("should be at least {} chars long")),
    "maxLength": Limit((str,), _long, _too_long),
    "pattern": Limit((str,), _fails_pattern, _body("should match '{}'")),
    "minItems": Limit((list,), _short, _body("should have at least {} items")),
    "maxItems": Limit((list,), _long, _too_many),
    "minProperties": Limit((dict,), _short, _body("should have at least {} properties")),
    "maxProperties": Limit((dict,), _long, _too_many),
}
"""The limits of a structure, by name."""
