"""Keys that a mapping in a body has twice: the last value counts, and strict writes are refused."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from arena.tuples import NamedTuple

Pairs = list[tuple[str, Any]]


class Repeats(NamedTuple):
    """What is said about repeated keys."""

    texts: tuple[str, ...] = ()
    is_yaml: bool = False

    @property
    def error(self) -> str:
        """All of it in one sentence."""
        if self.is_yaml:
            return "yaml: unmarshal errors:\n  " + "\n  ".join(self.texts)
        return ", ".join(self.texts)


NONE = Repeats()


class Repeating(dict[str, Any]):
    """A mapping that was read from text in which keys are repeated."""

    repeats = NONE


class RepeatingList(list[Any]):
    """The same of a list, such as that of a JSON patch."""

    repeats = NONE


def load(text: bytes | str, **options: Any) -> Any:
    """The value of a JSON text, which is Repeating if it is a mapping or a list and keys are repeated.

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
    paths = _paths(value, "", {id(one): names for one, names in repeats}) if repeats else ()
    return marked(value, Repeats(tuple(f'duplicate field "{path}"' for path in paths)))


def marked(value: Any, repeats: Repeats) -> Any:
    """The value, which is Repeating if it is a mapping or a list and there are any repeats."""
    if not repeats.texts or not isinstance(value, (dict, list)):
        return value
    found = Repeating(value) if isinstance(value, dict) else RepeatingList(value)
    found.repeats = repeats
    return found


def of(value: Any) -> Repeats:
    """What is said about a value that was read."""
    return value.repeats if isinstance(value, (Repeating, RepeatingList)) else NONE


def _paths(value: Any, path: str, repeats: Mapping[int, list[str]]) -> Iterator[str]:
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from _paths(one, f"{path}[{index}]", repeats)
    elif isinstance(value, dict):
        start = f"{path}." if path else ""
        yield from (f"{start}{name}" for name in repeats.get(id(value), ()))
        for name, one in value.items():
            yield from _paths(one, f"{start}{name}", repeats)


class YamlKeys:
    """Follows the events of a YAML text, and notes the keys that a mapping has twice."""

    def __init__(self) -> None:
        self._found: list[str] = []
        self._open: list[set[str] | None] = []
        """The keys of the mappings that are open; None for a list."""
        self._at_key: list[bool] = []

    @property
    def repeats(self) -> Repeats:
        """What was noted."""
        return Repeats(tuple(self._found), is_yaml=True)

    def hear(self, event: Any) -> None:
        """Take the next event."""
        name = type(event).__name__
        if name in ("MappingEndEvent", "SequenceEndEvent"):
            self._open.pop()
            self._at_key.pop()
        elif name in ("ScalarEvent", "MappingStartEvent", "SequenceStartEvent"):
            keys = self._open[-1] if self._open else None
            if keys is not None:
                if self._at_key[-1] and name == "ScalarEvent":
                    self._note(keys, event)
                self._at_key[-1] = not self._at_key[-1]
            if name != "ScalarEvent":
                self._open.append(set() if name == "MappingStartEvent" else None)
                self._at_key.append(True)

    def _note(self, keys: set[str], event: Any) -> None:
        if event.value in keys:
            line = event.start_mark.line + 1
            self._found.append(f"line {line}: key {json.dumps(event.value)} already set in map")
        keys.add(event.value)
