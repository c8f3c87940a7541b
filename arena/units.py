"""Quantities, durations and ages: text to numbers and back, nothing else."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta, timezone
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Protocol

from arena.errors import SpecError

if TYPE_CHECKING:
    from decimal import Decimal

_QUANTITY = (
    r"([+-]?(?:[0-9]{1,100}\.?[0-9]{0,100}|\.[0-9]{1,100}))"
    r"(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?[0-9]{1,3})?"
)
"""Numbers with more digits, or with a longer exponent, are not valid amounts."""
_DURATION = r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h|d)"
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST = 2**31 - 1
_WORD = 100
"""Maximum length of a duration: the time to parse it grows with the square of its length."""
_AGES = ((365 * 86400, "y"), (86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


class Dated(Protocol):
    """An object with a name and a creation time."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def created(self) -> datetime | None:
        """Its creation time; None if unknown."""


def quantity(text: str | int | float) -> Decimal:
    """A Kubernetes quantity in its base unit (cores, bytes or number).

    The grammar is that of resource.Quantity: a decimal number, then a binary or decimal suffix or an
    exponent.

    Raises:
        SpecError: it is not a quantity.

    >>> quantity("500m"), quantity("1Ki")
    (Decimal('0.500'), Decimal('1024'))
    """
    return _quantity(str(text).strip())


@lru_cache  # thousands of pods request the same amounts
def _quantity(word: str) -> Decimal:
    from decimal import Decimal

    match = re.fullmatch(_QUANTITY, word)
    if not match:
        raise SpecError(f'"{word[:80]}" is not a quantity', "write it like 500m, 2, 1.5Gi or 200M")
    number, suffix = match.groups(default="")
    if suffix[:1] in ("e", "E") and len(suffix) > 1:
        number, suffix = number + suffix, ""
    try:
        return Decimal(number) * _scale()[suffix]
    except ArithmeticError as error:
        raise SpecError(f'"{word}" is not a quantity', "write it like 500m, 2, 1.5Gi or 200M") from error


@cache
def _scale() -> dict[str, Decimal]:
    """The factors of the suffixes of quantities."""
    from decimal import Decimal

    return {
        "": Decimal(1),
        "n": Decimal("1e-9"),
        "u": Decimal("1e-6"),
        "m": Decimal("1e-3"),
        **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", 1)},
        **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)},
    }


def duration(text: str | int | float) -> int:
    """Whole seconds of a duration such as `90`, `30s`, `1h30m` (Go's spelling, and `d` for days).

    Fractions are rounded up: half a second must not become 0, which means no limit.

    Raises:
        SpecError: it is not a duration, it is negative, or it is more than 68 years.
    """
    word = str(text).strip()
    if word.isascii() and word[:-1].isdecimal() and word[-1] in _SECONDS:
        parts = [(word[:-1], word[-1])]  # the usual form, for which no pattern is compiled
    else:
        parts = (
            [(word, "s")] if re.fullmatch(r"[0-9]+(\.[0-9]*)?", word) else re.findall(_DURATION, word[:_WORD])
        )
    if not parts or "".join(number + unit for number, unit in parts) not in (word, word + "s"):
        raise SpecError(f'"{word[:80]}" is not a duration', "write it like 30s, 10m, 1h30m or 2d")
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if seconds > _LONGEST:
        raise SpecError(f'"{word[:40]}" is too long', f"give at most {_LONGEST // 86400}d")
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


_FIRST, _LAST = datetime(1, 1, 3), datetime(9999, 12, 29)
"""The limits of moments: two days from those of the calendar, so that every time zone can show them."""


def when(text: str | None, *, here: bool = False) -> datetime | None:
    """An RFC 3339 time of the API as an aware datetime; None if the API has none.

    Fractions of any length are accepted, because log lines have nanoseconds.

    Args:
        here: whether a time without a zone is in this machine's zone, rather than UTC.

    Raises:
        SpecError: it is not a valid time.
    """
    if not text:
        return None
    value = _moment(text)
    if value.tzinfo:
        return value
    return value.astimezone() if here else value.replace(tzinfo=timezone.utc)


@lru_cache(maxsize=1 << 13)
def _moment(text: str) -> datetime:
    """Parse the time; cached, since the pods of a job share most of theirs."""
    micro = re.sub(r"\.(\d+)", lambda found: "." + found[1][:6].ljust(6, "0"), text) if "." in text else text
    try:
        value = datetime.fromisoformat(micro.replace("Z", "+00:00").replace("z", "+00:00"))
    except ValueError as error:
        raise SpecError(f'"{text[:80]}" is not a time', "write it like 2026-01-31T12:00:00Z") from error
    if value.year in (_FIRST.year, _LAST.year):
        value = min(max(value.replace(tzinfo=None), _FIRST), _LAST).replace(tzinfo=value.tzinfo)
    return value


def rfc3339(moment: datetime) -> str:
    """The moment in the format of the API: UTC, whole seconds, `Z`."""
    return f"{moment.astimezone(timezone.utc).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def since(moment: datetime | None, now: datetime) -> timedelta:
    """The time from `moment` to `now`; zero if there is no moment or it is in the future."""
    return max(now - moment, timedelta(0)) if moment else timedelta(0)


def gib(amount: Decimal | int) -> str:
    """Bytes as GiB with one digit, for tables."""
    return f"{float(amount) / 1024**3:.1f}Gi"


def by_age(one: Dated) -> tuple[bool, datetime | None, str]:
    """A sort key: objects without a time first, then the oldest first, and by name within a second."""
    return one.created is not None, one.created, one.name
