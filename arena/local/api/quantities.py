"""Resource quantities and times, as the API writes them."""

import re
from datetime import datetime
from decimal import ROUND_UP, Decimal, InvalidOperation, Overflow
from typing import Any

QUANTITY = re.compile(r"(?=.)[+-]?\d*\.?\d*(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d+)?", re.ASCII)
"""Without digits it is 0, as in a cluster."""
_LARGEST = 10**60
_LARGEST_BINARY = 2**63 - 1
"""Larger binary quantities are cut, as in a cluster."""
_NORMAL = re.compile(r"0|[1-9]\d{0,2}(Ki|Mi|Gi|Ti|Pi|[numkMGTPE])?", re.ASCII)
"""Most quantities that are written, which stay as they are."""
_EXPONENT = re.compile(r"[eE][+-]?\d+$", re.ASCII)
_UNITS = {-9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E"}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)


def is_time(text: str, micro: bool = False) -> bool:
    """Whether the text is an RFC 3339 time, which a cluster writes in UTC; `micro`: with microseconds."""
    found = _TIME.fullmatch(text)
    if not found or (micro and len(found[1] or "") != len(".000000")):
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


def normal(value: Any) -> Any:
    """A quantity as Kubernetes writes it, in the unit that leaves no fraction; other values as they are.

    >>> [normal(one) for one in (1, 0.5, "1000m", "1024Mi", "1.5Gi", "0.5Gi", "1e4", "1000", "x")]
    ['1', '500m', '1', '1Gi', '1536Mi', '512Mi', '10e3', '1k', 'x']
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return value
    text = str(value).strip()
    if _NORMAL.fullmatch(text):
        return text
    return _written(text) if is_quantity(text) else value


def _written(text: str) -> str:
    number = quantity(text)
    if not number:
        return "0"
    if text.endswith("i") and abs(number) > _LARGEST_BINARY:
        return str(_LARGEST_BINARY if number > 0 else -_LARGEST_BINARY)
    if text.endswith("i") and abs(number) >= 1024 and number == number.to_integral_value():
        count, power = _powers(int(number), 1024)
        return f"{count}{'KMGTPE'[power - 1]}i" if power else str(count)
    nanos = int((number * 10**9).to_integral_value(ROUND_UP))
    count, power = _powers(nanos, 1000)
    exponent = 3 * power - 9
    if _EXPONENT.search(text):
        return f"{count}e{exponent}" if exponent else str(count)
    return f"{count}{_UNITS[exponent]}"


def _powers(number: int, base: int) -> tuple[int, int]:
    """The number without factors of `base`, and how many it had."""
    power = 0
    while number % base == 0:
        number, power = number // base, power + 1
    return number, power
