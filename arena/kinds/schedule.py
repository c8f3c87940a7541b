"""Schedules in the format of cron, validated before they are sent.

A cluster may accept an invalid one and never start a run. Valid is what both Kubernetes and KubeDL read: five
fields, or a word such as `@daily`.
"""

import re

from arena.errors import SpecError
from arena.kinds.option_types import OptionType
from arena.kinds.validators import shown, text
from arena.tuples import NamedTuple

WORDS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
HINT = "write minute hour day month weekday, such as '0 2 * * MON-FRI', or a word such as @daily"

_EVERY = re.compile(r"@every (\d+h)?(\d+m)?(\d+s)?", re.ASCII)


class Field(NamedTuple):
    """One of the five fields."""

    title: str
    low: int
    high: int
    names: tuple[str, ...] = ()


LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""The maximum numbers of days of January to December."""
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day", 1, 31),
    Field("month", 1, 12, MONTHS),
    Field("weekday", 0, 6, DAYS),
)


def schedule(value: object) -> str:
    """The schedule as clusters read it.

    Six fields become five if the first, the second, is 0, as in the Go arena's documentation.

    Raises:
        SpecError: it is not a schedule.
    """
    line = " ".join(text(value).split())
    if line.lower() in WORDS:
        return line.lower()
    if line.startswith("@every"):
        if not _EVERY.fullmatch(line) or not re.search("[1-9]", line):
            raise SpecError(f"{shown(line)} is not a duration", "write it like '@every 1h30m'")
        return line
    if "TZ=" in line:
        raise SpecError(f"{shown(line)} contains a time zone", "give it with --timezone")
    return " ".join(_fields(line))


def _fields(line: str) -> list[str]:
    parts = line.replace("?", "*").split()
    if len(parts) == len(FIELDS) + 1 and parts[0] != "0":
        raise SpecError(f"{shown(line)} contains seconds, but runs start at full minutes", HINT)
    parts = parts[1:] if len(parts) == len(FIELDS) + 1 else parts
    if len(parts) != len(FIELDS):
        count = f"{len(parts)} field" + "s" * (len(parts) != 1)
        raise SpecError(f"{shown(line)} has {count}, but a schedule has {len(FIELDS)}", HINT)
    for part, field in zip(parts, FIELDS, strict=True):
        for one in part.split(","):
            _check(one, field)
    if not _comes(*parts[2:]):
        raise SpecError(f"{shown(line)} never occurs: no such month has that day", HINT)
    return parts


def _comes(day: str, month: str, weekday: str) -> bool:
    """Whether any of the months has any of the days; every month has each weekday."""
    if weekday != "*":
        return True
    first = min(_first(one, FIELDS[2]) for one in day.split(","))
    return any(first <= LONGEST_MONTHS[one - 1] for part in month.split(",") for one in _span(part))


def _first(item: str, field: Field) -> int:
    low = item.partition("/")[0].partition("-")[0]
    return field.low if low == "*" else _number(low, field)


def _span(item: str) -> range:
    """The months of an item, in the order of the year."""
    field = FIELDS[3]
    span, slash, step = item.partition("/")
    low, dash, high = span.partition("-")
    if low == "*" or (slash and not dash):
        last = field.high
    else:
        last = _number(high or low, field)
    return range(_first(item, field), last + 1, int(step or 1))


def _check(item: str, field: Field) -> None:
    """Refuse an item of a field that is not a number, a range or a step."""
    span, slash, step = item.partition("/")
    low, dash, high = span.partition("-")
    if slash and not re.fullmatch("[1-9][0-9]{0,3}", step):
        raise SpecError(f"{shown(item)}: the step of a {field.title} must be a number of at least 1", HINT)
    if span == "*":
        return
    first = _number(low, field)
    if dash and _number(high, field) < first:
        raise SpecError(f"{shown(item)}: the {field.title} ends before it begins", HINT)


def _number(word: str, field: Field) -> int:
    if word.upper() in field.names:
        return field.names.index(word.upper()) + field.low
    if not re.fullmatch("[0-9]{1,4}", word) or not field.low <= int(word) <= field.high:
        names = f", or {field.names[0]} to {field.names[-1]}" if field.names else ""
        hint = f"give {field.low} to {field.high}{names}"
        raise SpecError(f"{shown(word)} is not a valid {field.title}", hint)
    return int(word)


SCHEDULE = OptionType(schedule, "CRON")
