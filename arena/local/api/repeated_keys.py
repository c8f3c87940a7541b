"""Keys that a mapping in a body has twice: the last value counts, and strict writes are refused."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from arena.tuples import NamedTuple

Pairs = list[tuple[str, Any]]


class Repeat(NamedTuple):
    """A key that a JSON text has several times."""

    path: tuple[str | int, ...]
    earlier: tuple[Any, ...]
    """The values that the last one follows."""

    @property
    def text(self) -> str:
        """What is said about it."""
        return f'duplicate field "{shown(self.path)}"'


class Repeats(NamedTuple):
    """What is said about repeated keys."""

    found: tuple[Repeat, ...] = ()
    lines: tuple[str, ...] = ()
    """What is said of those of a YAML text."""
    more: tuple[str, ...] = ()
    """What is said before."""

    @property
    def texts(self) -> tuple[str, ...]:
        """Warnings, one for each key."""
        return (*self.more, *(one.text for one in self.found), *self.lines)

    @property
    def error(self) -> str:
        """All of it in one sentence."""
        if self.lines:
            return "yaml: unmarshal errors:\n  " + "\n  ".join(self.lines)
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
    repeats: dict[int, dict[str, tuple[Any, ...]]] = {}
    kept: list[Any] = []  # so that no other mapping gets its id

    def mapping(pairs: Pairs) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            counts = Counter(name for name, _ in pairs)
            twice = [name for name, count in counts.items() if count > 1]
            repeats[id(found)] = {
                name: tuple(one for key, one in pairs if key == name)[:-1] for name in twice
            }
            kept.append(found)
        return found

    value = json.loads(text, object_pairs_hook=mapping, **options)
    return marked(value, Repeats(tuple(_repeats(value, (), repeats)))) if repeats else value


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


def _repeats(
    value: Any, path: tuple[str | int, ...], known: Mapping[int, Mapping[str, tuple[Any, ...]]]
) -> Iterator[Repeat]:
    if isinstance(value, dict):
        yield from (Repeat((*path, name), earlier) for name, earlier in known.get(id(value), {}).items())
    if isinstance(value, (dict, list)):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _repeats(one, (*path, key), known)


def shown(path: Iterable[str | int]) -> str:
    """`spec.containers[0].name`."""
    return "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in path).removeprefix(".")


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
        return Repeats(lines=tuple(self._found))

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
