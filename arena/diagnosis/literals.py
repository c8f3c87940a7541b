"""Texts that each match of a regular expression contains, so that most lines need not be searched."""

from __future__ import annotations

from functools import cache
from typing import Any

SHORTEST = 3
"""Characters of a text that is worth looking for."""


@cache
def needed(pattern: str) -> tuple[str, ...]:
    """Texts of which every match of a regular expression contains at least one; () if there are none."""
    parsed = parser().parse(pattern)
    return () if _ignores_case(parsed.state.flags) else tuple(sorted(_best(parsed) or ()))


def _best(parsed: Any) -> frozenset[str] | None:
    """The texts, longer ones rather than shorter ones; None if there are none."""
    found, run = [], ""
    for op, arguments in [*parsed, ("", None)]:
        name = str(op)
        if name == "LITERAL":
            run += chr(arguments)
            continue
        found.append(frozenset((run,)))
        run = ""
        found.append(_inside(name, arguments))
    known = [one for one in found if one and min(map(len, one)) >= SHORTEST]
    return max(known, key=lambda one: min(map(len, one)), default=None)


def _inside(name: str, arguments: Any) -> frozenset[str]:
    if name == "SUBPATTERN" and not _ignores_case(arguments[1]):
        return _best(arguments[3]) or frozenset()
    if name == "ATOMIC_GROUP":
        return _best(arguments) or frozenset()
    if "REPEAT" in name and arguments[0] > 0:
        return _best(arguments[2]) or frozenset()
    if name == "BRANCH":
        branches = [_best(one) for one in arguments[1]]
        return frozenset().union(*(one or () for one in branches)) if all(branches) else frozenset()
    return frozenset()


def _ignores_case(flags: int) -> bool:
    import re

    return bool(flags & re.IGNORECASE)


def parser() -> Any:
    """The parser of regular expressions, which is a module of its own before Python 3.11."""
    try:
        from re import _parser as found  # type: ignore[attr-defined]
    except ImportError:
        import sre_parse as found
    return found
