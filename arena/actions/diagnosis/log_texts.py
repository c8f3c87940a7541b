"""Texts of logs, with or without the timestamps of the cluster and the headers of dumps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from arena.diagnosis.json_fields import moment
from arena.diagnosis.records import Line

MOST_LINES = 20_000
"""Lines of a log that are kept: the first tenth, and the end."""
LONGEST = 4000
"""Characters of a line that are kept."""
_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) ?")
_HEADER = re.compile(r"==== START logs for container (\S+) of pod (\S+?)/(\S+) ====")
_FOOTER = re.compile(r"==== END logs for container (\S+) of pod (\S+?)/(\S+) ====")


def lines(texts: Iterable[str]) -> tuple[Line, ...]:
    """Lines of a log; what `kubectl logs --timestamps` puts before each is its time."""
    found = [_line(one) for one in texts]
    if len(found) > MOST_LINES:
        found = found[: MOST_LINES // 10] + found[-MOST_LINES * 9 // 10 :]
    return tuple(found)


def _line(text: str) -> Line:
    text = text[:LONGEST]
    stamp = _STAMP.match(text)
    return Line(text[stamp.end() :], moment({"time": stamp[1]}, "time")) if stamp else Line(text)


def parts(text: str) -> Iterator[tuple[str, list[str]]]:
    """The containers of a dump's `logs.txt` with their lines; "" for lines without a header."""
    container, found = "", list[str]()
    for one in text.split("\n"):
        one = one.rstrip("\r")
        if header := _HEADER.fullmatch(one):
            if any(found):
                yield container, found
            container, found = header[1], []
        elif _FOOTER.fullmatch(one):
            yield container, found
            container, found = "", []
        else:
            found.append(one)
    if any(found):
        yield container, found
