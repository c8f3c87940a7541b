"""Keys that a mapping in JSON has twice: the last value counts, and strict writes are refused."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

Pairs = list[tuple[str, Any]]


class Repeating(dict[str, Any]):
    """A mapping that was read from text in which keys are repeated, at these paths."""

    paths: tuple[str, ...] = ()


def load(text: bytes | str, **options: Any) -> Any:
    """The value of a JSON text, which is Repeating if it is a mapping and keys are repeated.

    Args:
        options: those of `json.loads`.

    Raises:
        ValueError: the text is not JSON.
    """
    repeats: list[tuple[Mapping[str, Any], list[str]]] = []

    def mapping(pairs: Pairs) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            counts = Counter(name for name, _ in pairs)
            repeats.append((found, [name for name, count in counts.items() if count > 1]))
        return found

    value = json.loads(text, object_pairs_hook=mapping, **options)
    if not repeats or not isinstance(value, dict):
        return value
    found = Repeating(value)
    found.paths = tuple(_paths(value, "", {id(one): names for one, names in repeats}))
    return found


def paths(value: Any) -> tuple[str, ...]:
    """The paths of repeated keys in a value that `load` returned."""
    return value.paths if isinstance(value, Repeating) else ()


def _paths(value: Any, path: str, repeats: Mapping[int, list[str]]) -> Iterator[str]:
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from _paths(one, f"{path}[{index}]", repeats)
    elif isinstance(value, dict):
        start = f"{path}." if path else ""
        yield from (f"{start}{name}" for name in repeats.get(id(value), ()))
        for name, one in value.items():
            yield from _paths(one, f"{start}{name}", repeats)
