"""Quantities, durations and ages: text to numbers and back, nothing else."""

import math
import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from typing import Protocol

from arena.errors import SpecError

_QUANTITY = re.compile(r"^([+-]?(?:\d+\.?\d*|\.\d+))(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d+)?$", re.ASCII)
_SCALE = {
    "": Decimal(1),
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", 1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)},
}
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d)", re.ASCII)
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST = 2**31 - 1
_AGES = ((365 * 86400, "y"), (86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


class Dated(Protocol):
    """What has a name and was created at some time."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def created(self) -> datetime | None:
        """When it was created; None where nobody tells."""


def quantity(text: str | int | float) -> Decimal:
    """A Kubernetes quantity in its base unit (cores, bytes or pieces).

    The grammar is that of resource.Quantity: a decimal number, then a binary or decimal suffix or an
    exponent.

    Raises:
        SpecError: it is not a quantity.

    >>> quantity("500m"), quantity("1Ki")
    (Decimal('0.500'), Decimal('1024'))
    """
    match = _QUANTITY.match(str(text).strip())
    if not match:
        raise SpecError(f'"{text}" is not a quantity', "write it like 500m, 2, 1.5Gi or 200M")
    number, suffix = match.groups(default="")
    if suffix[:1] in ("e", "E") and len(suffix) > 1:
        number, suffix = number + suffix, ""
    try:
        return Decimal(number) * _SCALE[suffix]
    except ArithmeticError as error:
        raise SpecError(f'"{text}" is not a quantity', "write it like 500m, 2, 1.5Gi or 200M") from error


def duration(text: str | int | float) -> int:
    """Whole seconds of a duration such as `90`, `30s`, `1h30m` (Go's spelling, and `d` for days).

    A fraction counts as a whole one: half a second must not become 0, which is no limit at all.

    Raises:
        SpecError: it is not a duration, it is negative, or it is more than 68 years.
    """
    word = str(text).strip()
    parts = [(word, "s")] if re.fullmatch(r"[0-9]+(\.[0-9]*)?", word) else _DURATION.findall(word)
    if not parts or "".join(number + unit for number, unit in parts) not in (word, word + "s"):
        raise SpecError(f'"{text}" is not a duration', "write it like 30s, 10m, 1h30m or 2d")
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if seconds > _LONGEST:
        raise SpecError(f'"{word[:40]}" is longer than anything lasts', f"give at most {_LONGEST // 86400}d")
    return math.ceil(round(seconds, 9))


def age(seconds: float) -> str:
    """Seconds as one rounded-down unit, as the Go arena shows them: `59s`, `3m`, `2h`, `5d`.

    >>> age(3700)
    '1h'
    """
    whole = max(0, int(seconds))
    for size, unit in _AGES:
        if whole >= size:
            return f"{whole // size}{unit}"
    return "0s"


def when(text: str | None, *, here: bool = False) -> datetime | None:
    """An RFC 3339 time of the API as an aware datetime; None where the API has none.

    Fractions of any length are accepted, as log lines carry nanoseconds.

    Args:
        here: whether a time without a zone is of this machine's, as people see times, rather than UTC.

    Raises:
        SpecError: it is not such a time.
    """
    if not text:
        return None
    value = _moment(text)
    if value.tzinfo:
        return value
    return value.astimezone() if here else value.replace(tzinfo=timezone.utc)


@lru_cache(maxsize=1 << 13)
def _moment(text: str) -> datetime:
    """The time as it is written; kept, since the pods of a job share most of theirs."""
    shortened = re.sub(r"(\.\d{1,6})\d*", r"\1", text)
    shortened = re.sub(r"\.(\d+)", lambda m: "." + m.group(1).ljust(6, "0"), shortened)
    try:
        return datetime.fromisoformat(shortened.replace("Z", "+00:00").replace("z", "+00:00"))
    except ValueError as error:
        raise SpecError(f'"{text}" is not a time', "write it like 2026-01-31T12:00:00Z") from error


def rfc3339(moment: datetime) -> str:
    """The moment as the API writes it: UTC, whole seconds, `Z`."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def since(moment: datetime | None, now: datetime) -> timedelta:
    """The time from `moment` to `now`; zero where there is no moment or it lies ahead."""
    return max(now - moment, timedelta(0)) if moment else timedelta(0)


def gib(amount: Decimal | int) -> str:
    """Bytes as GiB with one digit, for tables."""
    return f"{float(amount) / 1024**3:.1f}Gi"


def by_age(one: Dated) -> tuple[bool, datetime | None, str]:
    """A key that sorts the oldest first, before them what has no time, and by name what is of one second."""
    return one.created is not None, one.created, one.name
