"""Resource quantities and times, as the API writes them."""

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation, Overflow
from typing import Any

QUANTITY = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d+)?", re.ASCII)
_LARGEST = 2**63
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)


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
