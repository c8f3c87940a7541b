"""Fields of objects that others wrote, which may lack them or have values of any type."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from arena import units
from arena.errors import SpecError

Object = dict[str, Any]


def mapping(value: Any, *path: str) -> Object:
    """The mapping at the path; an empty one if there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def items(value: Any, *path: str) -> list[Object]:
    """The mappings in the list at the path."""
    *parents, last = path
    found = mapping(value, *parents).get(last)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def text(value: Any, *path: str) -> str:
    """The text, number or truth value at the path as text; "" if there is none."""
    *parents, last = path
    found = mapping(value, *parents).get(last)
    if isinstance(found, bool):
        return "true" if found else "false"
    return str(found) if isinstance(found, str | int | float) else ""


def moment(value: Any, *path: str) -> datetime | None:
    """The time at the path; None if there is none."""
    found = text(value, *path)
    try:
        return units.when(found) if found else None
    except (SpecError, ValueError, OverflowError):
        return None


def number(value: Any, *path: str) -> int | None:
    """The whole number at the path; None if there is none."""
    *parents, last = path
    found = mapping(value, *parents).get(last)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def scalars(value: Any, path: str = "", depth: int = 12) -> Iterator[tuple[str, str]]:
    """The scalars of an object with their paths, such as `status.phase` or `spec.ports.0.port`."""
    if depth == 0:
        return
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        below = f"{path}.{key}" if path else str(key)
        if isinstance(one, dict | list):
            yield from scalars(one, below, depth - 1)
        elif one is not None:
            yield below, str(one).lower() if isinstance(one, bool) else str(one)


def name(obj: Object) -> str:
    """The name of an object."""
    return text(obj, "metadata", "name")


def owners(obj: Object) -> list[Object]:
    """The references to its owners."""
    return items(obj, "metadata", "ownerReferences")
