"""Ages as tables show them."""

import re
from datetime import datetime, timezone

_DAY = 86400
EPOCH = datetime.fromtimestamp(0, timezone.utc)


def ago(stamp: str | None, now: datetime) -> str:
    """The time since an RFC 3339 time, in one or two units: `45s`, `3m12s`, `2d4h`."""
    return span((now - parse(stamp)).total_seconds()) if stamp else "<unknown>"


def elapsed(start: str | None, end: str | None, now: datetime) -> str:
    """The time between two timestamps; until now without an end, "" without a start."""
    if not start:
        return ""
    return span(((parse(end) if end else now) - parse(start)).total_seconds())


def parse(stamp: str) -> datetime:
    """Parse an RFC 3339 time, with or without a fraction; the epoch if it is invalid."""
    whole = re.sub(r"\.\d+", "", stamp).replace("Z", "+00:00").replace("z", "+00:00")
    try:
        moment = datetime.fromisoformat(whole)
    except ValueError:
        return EPOCH
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def span(seconds: float) -> str:
    """Format seconds in readable units, two of them if both matter.

    >>> span(75), span(700), span(90000)
    ('75s', '11m', '25h')
    """
    whole = max(0, int(seconds))
    minutes, hours, days = whole // 60, whole // 3600, whole // _DAY
    if whole < 120:
        return f"{whole}s"
    if minutes < 10:
        return _two(minutes, "m", whole % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    return _two(days // 365, "y", days % 365, "d") if days < 8 * 365 else f"{days // 365}y"


def _two(first: int, unit: str, second: int, smaller: str) -> str:
    return f"{first}{unit}{second}{smaller}" if second else f"{first}{unit}"
