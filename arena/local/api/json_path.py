"""The JSONPaths of published columns and scales: `.status.conditions[-1:].type` and the like."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

_STEP = re.compile(r"""\.([\w-]+)|\[(-?\d+|\*):?\]|\[\?\(@\.([\w-]+)\s*==\s*["'](.*?)["']\)\]""")


def find(obj: Any, path: str) -> Any:
    """The first value at the path: of fields, and a list's items: all, one by number, or those of a text."""
    found = [obj]
    for name, index, field, text in _steps(path):
        found = [one for value in found for one in _step(value, name, index, field, text)]
    return found[0] if found else None


@cache
def _steps(path: str) -> tuple[tuple[str, str, str, str], ...]:
    return tuple(match.groups("") for match in _STEP.finditer(path))  # type: ignore[misc]


def _step(value: Any, name: str, index: str, field: str, text: str) -> Iterator[Any]:
    if name and isinstance(value, dict) and name in value:
        yield value[name]
    elif index and isinstance(value, list):
        yield from value if index == "*" else value[int(index) :][:1]
    elif field and isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict) and one.get(field) == text)
