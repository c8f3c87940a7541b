"""What can be wrong with a field, in the API's words, and the names that several kinds share."""

import json
import re
from collections.abc import Sequence
from typing import Any

from arena.local.api.refusals import Cause

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
DNS_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")


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
