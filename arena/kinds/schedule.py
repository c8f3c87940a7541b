"""Schedules as cron writes them, checked before they are sent: a cluster may take a wrong one and never run.

What is allowed is what Kubernetes and KubeDL both read: five fields, or a word such as `@daily`.
"""

import re
from typing import NamedTuple

from arena.errors import SpecError
from arena.kinds.forms import Form
from arena.kinds.words import shown, text

WORDS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
HINT = "write minute hour day month weekday, such as '0 2 * * MON-FRI', or a word such as @daily"

_EVERY = re.compile(r"@every (\d+h)?(\d+m)?(\d+s)?")


class Field(NamedTuple):
    """One of the five fields."""

    title: str
    low: int
    high: int
    names: tuple[str, ...] = ()


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
    """A schedule as clusters read it.

    Six fields, the first of them the second 0, as the Go arena's documentation writes them, become five.

    Raises:
        SpecError: it is none.
    """
    line = " ".join(text(value).split())
    if line.lower() in WORDS:
        return line.lower()
    if line.startswith("@every"):
        if not _EVERY.fullmatch(line) or not re.search("[1-9]", line):
            raise SpecError(f"{shown(line)} is no distance in time", "write it like '@every 1h30m'")
        return line
    if "TZ=" in line:
        raise SpecError(f"{shown(line)} names a time zone", "give it with --timezone")
    return " ".join(_fields(line))


def _fields(line: str) -> list[str]:
    parts = line.replace("?", "*").split()
    if len(parts) == len(FIELDS) + 1 and parts[0] != "0":
        raise SpecError(f"{shown(line)} names seconds, and runs start at full minutes", HINT)
    parts = parts[1:] if len(parts) == len(FIELDS) + 1 else parts
    if len(parts) != len(FIELDS):
        count = f"{len(parts)} field" + "s" * (len(parts) != 1)
        raise SpecError(f"{shown(line)} has {count}, and a schedule has {len(FIELDS)}", HINT)
    for part, field in zip(parts, FIELDS, strict=True):
        for one in part.split(","):
            _check(one, field)
    return parts


def _check(item: str, field: Field) -> None:
    """Refuse an item of a field that is no number, range or step."""
    span, slash, step = item.partition("/")
    low, dash, high = span.partition("-")
    if slash and not re.fullmatch("[1-9][0-9]{0,3}", step):
        raise SpecError(f"{shown(item)}: the step of a {field.title} is a number of at least 1", HINT)
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
        raise SpecError(f"{shown(word)} is no {field.title}", hint)
    return int(word)


SCHEDULE = Form(schedule, "CRON")
