"""Moments and durations as tables, pages and JSON show them."""

from datetime import datetime, timedelta

from arena import units


def span(length: timedelta) -> str:
    """A duration in one unit, rounded down: `59s`, `3m`, `2h`, `5d`."""
    return units.age(length.total_seconds())


def age(moment: datetime | None, now: datetime) -> str:
    """The time since a moment, as `span` writes it."""
    return span(units.since(moment, now))


def stamp(moment: datetime | None) -> str:
    """A moment in RFC 3339; "" if there is none."""
    return units.rfc3339(moment) if moment else ""


def clock(moment: datetime | None) -> str:
    """A moment in the time zone of this machine; `N/A` if there is none."""
    return moment.astimezone().replace(tzinfo=None).isoformat(" ", "seconds") if moment else "N/A"


def epoch(moment: datetime | None) -> int:
    """Whole seconds from 1970 to a moment; 0 if there is none."""
    return int(moment.timestamp()) if moment else 0
