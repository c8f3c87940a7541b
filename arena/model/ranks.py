"""Words for sets of ranks: `0,4-7`."""

import re
from collections.abc import Iterable

from arena.errors import SpecError

_MOST = 10**6
_PART = re.compile(r"(\d{1,7})(?:-(\d{1,7}))?")


def parse(text: str) -> tuple[range, ...]:
    """The ranks that `0,4-7` names.

    Raises:
        SpecError: it is not of that form.
    """
    found = []
    for part in text.split(","):
        fits = _PART.fullmatch(part.strip())
        first, last = (int(fits[1]), int(fits[2] or fits[1])) if fits else (1, 0)
        if not first <= last <= _MOST:
            raise SpecError(f'"{text}" names no ranks', "give numbers and ranges, such as 0,4-7")
        found.append(range(first, last + 1))
    return tuple(found)


def spelled(numbers: Iterable[int]) -> str:
    """The shortest words for ranks, as `parse` reads them: `0-2,5`."""
    parts: list[list[int]] = []
    for number in sorted(set(numbers)):
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)
