"""What a pod asks to be collected: its annotation, read and checked."""

import json
import re
from collections.abc import Callable
from typing import Any

from arena.local.node.metrics.series import LONGEST, NAMES
from arena.local.objects import COLLECT, Object

SOURCES = ("stdout", "file", "tensorflowEvents")
VALUES = 100
MOST = 200
"""Number of stored values of each metric: the default, and the maximum."""
FILTERS = 16


class Invalid(ValueError):
    """The annotation is invalid; the message says why."""


def of(pod: Object, container: str, relocate: Callable[[str], str] = str) -> dict[str, Any] | None:
    """The complete request for a container; None if nothing is to be collected.

    Args:
        relocate: replaces a path in the container by the one on this machine.

    Raises:
        Invalid: the annotation is invalid.
    """
    text = (pod["metadata"].get("annotations") or {}).get(COLLECT)
    if not text:
        return None
    try:
        every = json.loads(text)
    except (ValueError, RecursionError):
        raise Invalid("is not JSON") from None
    if not isinstance(every, dict):
        raise Invalid("is not a mapping of containers")
    if container not in every:
        return None
    return _checked(every[container], container, relocate)


def _checked(asked: Any, container: str, relocate: Callable[[str], str]) -> dict[str, Any]:
    if not isinstance(asked, dict):
        raise Invalid(f"is not a mapping for {container}")
    found: dict[str, Any] = {
        "source": "stdout", "path": "", "format": "text", "filters": [], "metrics": [], "values": VALUES,
    }  # fmt: skip
    if unknown := sorted(asked.keys() - found.keys()):
        raise Invalid(f"has an unknown field for {container}: {unknown[0]}")
    found |= asked
    for why in filter(None, (check(found) for check in (_source, _filters, _metrics, _values))):
        raise Invalid(f"is wrong for {container}: {why}")
    return found | {"path": relocate(found["path"])}


def _source(asked: dict[str, Any]) -> str:
    if asked["source"] not in SOURCES:
        return f"source must be one of {', '.join(SOURCES)}"
    if asked["format"] not in ("text", "json"):
        return "format must be text or json"
    is_absolute = isinstance(asked["path"], str) and asked["path"].startswith("/")
    if asked["source"] != "stdout" and not is_absolute:
        return "path must be absolute"
    return ""


def _filters(asked: dict[str, Any]) -> str:
    if not isinstance(asked["filters"], list) or len(asked["filters"]) > FILTERS:
        return f"filters must be a list of at most {FILTERS} regular expressions"
    for one in asked["filters"]:
        try:
            groups = re.compile(one.encode()).groups
        except (re.error, AttributeError, OverflowError, RecursionError) as error:
            return f"filter {one!r} is not a regular expression: {error}"
        if groups < 2:
            return f"filter {one!r} needs a group for the name and a group for the value"
    return ""


def _metrics(asked: dict[str, Any]) -> str:
    names = asked["metrics"]
    fits = isinstance(names, list) and len(names) <= NAMES
    if not fits or not all(isinstance(one, str) and 0 < len(one) <= LONGEST for one in names):
        return f"metrics must be a list of at most {NAMES} names of at most {LONGEST} characters"
    return ""


def _values(asked: dict[str, Any]) -> str:
    number = asked["values"]
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= MOST:
        return f"values must be a number from 1 to {MOST}"
    return ""
