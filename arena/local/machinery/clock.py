"""Times as the API writes them."""

from datetime import datetime, timezone


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(timezone.utc)


def stamp(moment: datetime) -> str:
    """RFC 3339, whole seconds."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse(text: str | None) -> datetime | None:
    """A time that the API wrote; None if it wrote none.

    Fractions are dropped: deadlines are counted in whole seconds.
    """
    if not text:
        return None
    return datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)


def left(since: str | None, seconds: float, moment: datetime) -> float:
    """Seconds from `moment` until `seconds` after the time `since`; negative when that is past.

    Never more than `seconds`, even where the clock was set back since.
    """
    start = parse(since)
    return seconds - max(0.0, (moment - start).total_seconds()) if start else seconds


def earliest(*delays: float | None) -> float | None:
    """The smallest of some delays, ignoring those that are None."""
    return min((one for one in delays if one is not None), default=None)
