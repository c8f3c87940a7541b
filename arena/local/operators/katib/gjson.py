"""The part of GJSON's path syntax in which conditions of trials are written.

    status.conditions.#(type=="Complete")#|#(status=="True")#
    status.[@this].#(phase=="Succeeded")#

Names, positions, `#` (the number of items), `#(QUERY)` (the first item that matches), `#(QUERY)#` (all that
match), `@this` and `[@this]`, joined by `.` or `|`. A query compares a path in the item with a value by ==,
!=, <, <=, >, >=, % (a pattern with * and ?) or !%.
"""

import json
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

from arena.tuples import NamedTuple

LONGEST = 1000
_PART = re.compile(
    r"(?P<query>\#\((?P<inner>(?:\"(?:[^\"\\]|\\.)*\"|[^\"()])*)\)(?P<all>\#?))"
    r"|(?P<count>\#)|(?P<wrap>\[@this\])|(?P<this>@this)|(?P<name>(?!@)(?:\\.|[^.|#\[\](){},\\])+)"
)
_QUERY = re.compile(r"(?P<path>[\w\-.@\\/]*)\s*(?P<sign>==|!=|<=|>=|!%|<|>|%|=)\s*(?P<value>.*)", re.DOTALL)
_MISSING = object()
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda left, right: left == right,
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "%": lambda left, right: fnmatchcase(str(left), str(right)),
    "!%": lambda left, right: not fnmatchcase(str(left), str(right)),
}


class Part(NamedTuple):
    """One part of a path: `name`, `query`, `all`, `count`, `wrap` or `this`, and the text of the former."""

    kind: str
    text: str = ""


def parse(path: str) -> list[Part]:
    """The parts of a path.

    Raises:
        ValueError: it is not written in the supported part of the syntax.
    """
    if len(path) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} characters")
    found: list[Part] = []
    at = 0
    while at < len(path):
        match = _PART.match(path, at)
        if match is None:
            raise ValueError(f"the local cluster cannot read {path[at:]!r}")
        found.append(_part(match))
        at = match.end()
        if at < len(path):
            if path[at] not in ".|" or at + 1 == len(path):
                raise ValueError(f"the local cluster cannot read {path[at:]!r}")
            at += 1
    if not found:
        raise ValueError("it is empty")
    return found


def _part(match: re.Match[str]) -> Part:
    if match["query"]:
        if not _QUERY.fullmatch(match["inner"]):
            raise ValueError(f"the local cluster cannot read the query {match['inner']!r}")
        return Part("all" if match["all"] else "query", match["inner"])
    if match["name"]:
        return Part("name", re.sub(r"\\(.)", r"\1", match["name"]))
    return Part("count" if match["count"] else "wrap" if match["wrap"] else "this")


def holds(path: str, obj: Any) -> bool:
    """Whether the path finds something: neither nothing, nor an empty list, nor false."""
    return found(path, obj) not in (None, False, [], "")


def found(path: str, obj: Any) -> Any:
    """What the path finds; None if there is nothing."""
    value = obj
    for part in parse(path):
        value = _follow(value, part)
        if value is _MISSING:
            return None
    return value


def _follow(value: Any, part: Part) -> Any:
    if part.kind == "this":
        return value
    if part.kind == "wrap":
        return [value]
    if part.kind == "name":
        return _named(value, part.text)
    if not isinstance(value, list):
        return _MISSING
    if part.kind == "count":
        return len(value)
    matching = [one for one in value if _matches(one, part.text)]
    if part.kind == "all":
        return matching
    return matching[0] if matching else _MISSING


def _named(value: Any, name: str) -> Any:
    if isinstance(value, list) and name.isdecimal():
        return value[int(name)] if len(name) < 6 and int(name) < len(value) else _MISSING
    return value.get(name, _MISSING) if isinstance(value, dict) else _MISSING


def _matches(item: Any, query: str) -> bool:
    match = _QUERY.fullmatch(query)
    assert match, "parse has checked it"
    left = item
    for name in match["path"].split(".") if match["path"] else ():
        left = _named(left, name)
    right = _literal(match["value"].strip())
    if left is _MISSING:
        return False
    try:
        return _SIGNS[match["sign"]](left, right)
    except TypeError:  # such as a number and a text
        return False


def _literal(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
