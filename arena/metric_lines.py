"""Finds names and values of metrics in a line of text.

The local cluster's collector of metrics imports it, so the standard library only.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone

TYPE_CHECKING = False
if TYPE_CHECKING:  # as in `supervisor`: the module typing is slow to load
    from collections.abc import Callable, Iterator
    from typing import Any

    Value = tuple[str, str, str]
    """Name, value and time."""

DEFAULT = (
    rb"(?<![\w|-])([\w|-]+)\s*=\s*"
    rb"((?i:[+-]?(?:nan|inf(?:inity)?)(?!\w))|[+-]?\d*(?:\.\d+)?(?:[Ee][+-]?\d+)?)"
)
"""`name=value`, as Katib's default, and what is no number; the lookbehind keeps the search linear."""
_STAMP = re.compile(rb"\s*(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)((?:\.\d{1,9})?)(Z|[+-]\d\d:\d\d)(?=\s|$)")


def finder(
    metrics: list[str], expressions: list[str], *, is_json: bool = False
) -> Callable[[bytes, str], Iterator[Value]]:
    """A function that finds the values in a line; its time is used for lines without one.

    Args:
        metrics: the names to look for; empty for all.
        expressions: regular expressions with a group for the name and one for the value; empty for
            `name=value`.
        is_json: whether each line is a JSON object of names and values instead.
    """
    wanted = {name.encode() for name in metrics}
    if is_json:
        return lambda line, time: _json(line, time, metrics)
    patterns = [re.compile(one.encode()) for one in expressions]
    if not patterns:
        default = re.compile(DEFAULT)
        return lambda line, time: _text(line, time, [default], wanted) if b"=" in line else iter(())
    return lambda line, time: _text(line, time, patterns, wanted)


def _text(line: bytes, time: str, patterns: list[re.Pattern[bytes]], wanted: set[bytes]) -> Iterator[Value]:
    own = ""
    for pattern in patterns:
        for found in pattern.finditer(line):
            name, value = (found[1] or b"").strip(), (found[2] or b"").strip()
            if name and value and (not wanted or name in wanted):
                own = own or _stamp(line) or time
                yield name.decode(errors="replace"), value.decode(errors="replace"), own


def _stamp(line: bytes) -> str:
    """The RFC 3339 time at the beginning of a line; "" if there is none."""
    found = _STAMP.match(line)
    if not found:
        return ""
    try:
        datetime.strptime(found[1].decode(), "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        return ""
    return found[0].strip().decode()


def _json(line: bytes, time: str, wanted: list[str]) -> Iterator[Value]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return
    if not isinstance(found, dict):
        return
    own = _moment(found.get("timestamp")) or time
    for name in wanted or found:
        value = found.get(name)
        if name != "timestamp" and isinstance(value, int | float | str) and not isinstance(value, bool):
            yield name, str(value).strip(), own


def _moment(stamp: Any) -> str:
    """The `timestamp` of a JSON line, a time as text or in seconds since the epoch, as RFC 3339."""
    if isinstance(stamp, str):
        return _stamp(stamp.encode())
    if isinstance(stamp, int | float) and not isinstance(stamp, bool):
        return moment(stamp)
    return ""


def moment(seconds: float) -> str:
    """Seconds since the epoch as RFC 3339; "" for what no calendar has."""
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return ""
