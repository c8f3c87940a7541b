"""Schedules in the syntax of cron, and the moments at which they are due.

A schedule has five fields (minute, hour, day of month, month, day of week), or is a macro such as `@daily`.
A moment is due when the local time in the schedule's time zone is a minute that all fields contain: a
minute that the change to summer time skips is never due, one that the change back repeats is due twice.
If days of the month and of the week are both restricted, a day needs to match only one of them. `@every
90m` counts from the last time instead.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from arena.tuples import NamedTuple

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
FAR = 5 * 366
"""Days that are searched: enough for the 29th of February; the 30th never comes."""

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0}


class Field(NamedTuple):
    """One of the five fields."""

    title: str
    low: int
    high: int
    names: tuple[str, ...] = ()


FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of month", 1, 31),
    Field("month", 1, 12, MONTHS),
    Field("day of week", 0, 6, DAYS),
)


@dataclass(frozen=True, slots=True)
class Grid:
    """Minutes of the calendar."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool
    """Whether days of the month and of the week are both restricted."""
    zone: tzinfo | None
    """None for the time zone of this machine."""

    def next(self, after: datetime) -> datetime | None:
        """The first moment later than `after`; None if there is none in the next years."""
        first = after.astimezone(self.zone).date()
        days = (first + timedelta(days=number) for number in range(FAR))
        found = (moment for day in days for moment in _moments(self, day) if moment > after)
        return next(found, None)

    def latest(self, after: datetime, until: datetime) -> datetime | None:
        """The last moment later than `after` and not later than `until`."""
        first, last = (one.astimezone(self.zone).date() for one in (after, until))
        days = (last - timedelta(days=number) for number in range(min((last - first).days + 1, FAR)))
        found = (one for day in days for one in reversed(_moments(self, day)) if after < one <= until)
        return next(found, None)

    def has(self, day: date) -> bool:
        """Whether the schedule has moments on that day."""
        if day.month not in self.months:
            return False
        by_month, by_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return by_month or by_week if self.either else by_month and by_week


@lru_cache(maxsize=16)
def _moments(grid: Grid, day: date) -> tuple[datetime, ...]:
    """The moments of a local day, in order, in UTC."""
    if not grid.has(day):
        return ()
    walls = (
        datetime(day.year, day.month, day.day, hour, minute, fold=fold)
        for hour in grid.hours
        for minute in grid.minutes
        for fold in (0, 1)
    )
    found = {_moment(wall, grid.zone) for wall in walls}
    return tuple(sorted(one for one in found if one is not None))


def _moment(wall: datetime, zone: tzinfo | None) -> datetime | None:
    """The moment at which the local clock shows that time; None if a clock change skips it."""
    moment = (wall.replace(tzinfo=zone) if zone else wall).astimezone(timezone.utc)
    return moment if moment.astimezone(zone).replace(tzinfo=None, fold=0) == wall.replace(fold=0) else None


@dataclass(frozen=True, slots=True)
class Every:
    """Moments at equal intervals after the last one."""

    distance: timedelta

    def next(self, after: datetime) -> datetime | None:
        """The first moment later than `after`."""
        return after + self.distance

    def latest(self, after: datetime, until: datetime) -> datetime | None:
        """The last moment later than `after` and not later than `until`."""
        count = (until - after) // self.distance
        return after + count * self.distance if count > 0 else None


Schedule = Grid | Every


def parse(text: str, zone: str = "") -> Schedule:
    """A schedule.

    Args:
        text: in the syntax of cron; a prefix `CRON_TZ=Europe/Berlin` sets the time zone, too.
        zone: the time zone, such as `Europe/Berlin`; "" for this machine's.

    Raises:
        ValueError: it is invalid; the message contains the wrong part.
    """
    prefix, _, rest = text.strip().partition(" ")
    word, sign, named = prefix.partition("=")
    if sign and word in ("TZ", "CRON_TZ"):
        text, zone = rest, named
    line = " ".join(text.split())
    if line.startswith("@every "):
        return Every(_distance(line.removeprefix("@every ")))
    return _grid(line, zone)


def _grid(line: str, zone: str) -> Grid:
    """The five fields, also of a macro such as `@daily`."""
    parts = MACROS.get(line.lower(), line).split()
    if len(parts) != len(FIELDS):
        raise ValueError(
            f'"{line}" has {len(parts)} fields, and a schedule has five: minute hour day month weekday'
        )
    minutes, hours, days, months, weekdays = (
        _set(part, field) for part, field in zip(parts, FIELDS, strict=True)
    )
    return Grid(
        minutes=minutes,
        hours=hours,
        days=days,
        months=months,
        weekdays=weekdays,
        either=not (_is_free(parts[2]) or _is_free(parts[4])),
        zone=time_zone(zone) if zone else None,
    )


def time_zone(name: str) -> tzinfo:
    """The time zone of that name.

    Raises:
        ValueError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f'there is no time zone "{name}"') from error


def _distance(text: str) -> timedelta:
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f'"{text}" is not a duration such as 90m or 1h30m')
    seconds = int(sum(float(number) * _SECONDS[unit] for number, unit in parts))
    if seconds < 1 or seconds > FAR * 86400:
        raise ValueError(f'"{text}" is not a duration of a second to five years')
    return timedelta(seconds=seconds)


def _is_free(part: str) -> bool:
    """Whether the field restricts nothing."""
    return any(one in ("*", "?", "*/1", "?/1") for one in part.split(","))


def _set(part: str, field: Field) -> frozenset[int]:
    """The numbers that a field contains."""
    return frozenset(number for one in part.split(",") for number in _range(one, field))


def _range(text: str, field: Field) -> range:
    span, slash, step = text.partition("/")
    low, dash, high = span.partition("-")
    if slash and not (re.fullmatch("[0-9]{1,9}", step) and int(step)):
        raise ValueError(f'the step of "{text}" ({field.title}) is not a number of at least 1')
    if low in ("*", "?") and not dash:
        first, last = field.low, field.high
    else:
        first = _number(low, field)
        last = _number(high, field) if dash else field.high if slash else first
    if first > last:
        raise ValueError(f'"{text}" ({field.title}) ends before it begins')
    return range(first, last + 1, int(step) if slash else 1)


def _number(text: str, field: Field) -> int:
    if text.upper() in field.names:
        return field.names.index(text.upper()) + field.low
    if not re.fullmatch("[0-9]{1,9}", text) or not field.low <= int(text) <= field.high:
        raise ValueError(f'"{text}" is no {field.title}: it must be {field.low} to {field.high}')
    return int(text)
