"""The constraints of every structure, broken one by one."""

import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from arena.local.api import schema
from arena.local.api.schema import ANY, Schema
from fidelity import made
from fidelity.asks import Ask, Case, Object, named
from fidelity.samples import Sample, small

DEPTH = 24
Way = tuple[str | int, ...]
WRONG: dict[str, tuple[Any, ...]] = {
    "string": (1, [], {}),
    "integer": ("x", 1.5, True),
    "number": ("x", []),
    "boolean": ("true", 1),
    "object": ("x", []),
    "array": ("x", {}),
    "int-or-string": (1.5, True, []),
    "quantity": (True, []),
}
BOUNDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "enum": ("unknown word", lambda _: "Unknown"),
    "minimum": ("too small", lambda bound: bound - 1),
    "maximum": ("too large", lambda bound: bound + 1),
    "pattern": ("against the pattern", lambda _: "a b!"),
    "minLength": ("too short", lambda _: ""),
    "maxLength": ("too long", lambda bound: "x" * (bound + 1)),
    "minProperties": ("too few fields", lambda _: {}),
}
FORMATS: dict[str, tuple[Any, ...]] = {
    "int32": (2**31, -(2**40)),
    "int64": (2**31, 2**63),
    "date-time": ("yesterday", "2030-01-01"),
}


def cases(seed: int, count: int) -> Iterator[Case]:
    """As many broken constraints of all kinds; at most as many as there are."""
    found = [one for sample in small() for one in _broken(sample)]
    chosen = sorted(random.Random(seed).sample(range(len(found)), min(count, len(found))))
    for number in chosen:
        sample, way, what, obj = found[number]
        name = f"constraint {sample.kind.plural} {'.'.join(map(str, way))}: {what}"
        yield Case(name, (Ask("POST", sample.kind.path(dryRun="All", fieldValidation="Strict"), obj()),))


def _broken(sample: Sample) -> Iterator[tuple[Sample, Way, str, Any]]:
    seen: set[str] = set()
    root = schema.root(sample.type)
    for way, node in _nodes(sample.obj, root, seen):
        if way[0] in ("apiVersion", "kind", "metadata"):
            continue
        for what, value in _wrong(node):
            yield sample, way, what, lambda way=way, value=value: _with(sample, way, value)


def _nodes(value: Any, node: Schema, seen: set[str], way: Way = ()) -> Iterator[tuple[Way, Schema]]:
    """Each different structure of a kind, where it is found first, what the sample holds before all else."""
    if way:
        text = f"{way[-1]} {node.raw}"
        if text in seen or len(way) > DEPTH:
            return
        seen.add(text)
        yield way, node
    there = value if isinstance(value, dict) else {}
    for name in sorted(node.fields, key=lambda name: (name not in there, name)):
        yield from _nodes(there.get(name), node.child(name), seen, (*way, name))
    if node.values:
        key = next(iter(there), "key")
        yield from _nodes(there.get(key), node.values, seen, (*way, key))
    if node.type == "array" and node.item is not ANY:
        first = value[0] if isinstance(value, list) and value else None
        yield from _nodes(first, node.item, seen, (*way, 0))


def _with(sample: Sample, way: Way, value: Any) -> Object:
    """The sample with the value there, and with what it needs around it."""
    obj = deepcopy(sample.obj)
    holder, node = obj, schema.root(sample.type)
    for number, key in enumerate(way):
        inner = node.child(key) if isinstance(key, str) else node.item
        last = number == len(way) - 1
        if isinstance(key, int) and not holder:
            holder.append(None)
        there = holder[key] if isinstance(key, int) else holder.get(key)
        if last:
            holder[key] = value(there if there is not None else made.least(inner))
        elif there is None:
            holder[key] = made.least(inner)
        holder, node = holder[key], inner
    return named(obj, "broken")


def _wrong(node: Schema) -> Iterator[tuple[str, Any]]:
    """What is done, and a function that makes a wrong value of a right one."""
    for bad in (*WRONG.get(node.type, ()), None, *FORMATS.get(node.raw.get("format", ""), ())):
        yield f"becomes {bad!r}", lambda _, bad=bad: bad
    for name in node.required:
        yield f"without {name}", lambda old, name=name: {k: v for k, v in dict(old).items() if k != name}
    if node.fields:
        yield "unknown field", lambda old: {**old, "unknown": 1}
    for limit, (what, made_of) in BOUNDS.items():
        if bound := node.raw.get(limit):
            yield what, lambda _, made_of=made_of, bound=bound: made_of(bound)
    if node.type == "array":
        yield from _wrong_lists(node)
    yield from _wrong_rules(node)


def _wrong_rules(node: Schema) -> Iterator[tuple[str, Any]]:
    for group in node.rules.get("exclusive", ()):
        yield (
            "exclusive fields",
            lambda _, group=group: {name: made.least(node.child(name)) for name in group},
        )
    if "alternatives" in node.rules:
        yield "no alternative", lambda old: {name: old[name] for name in node.required if name in old}
    if "enum" in node.rules:
        yield "unknown word", lambda _: "Unknown"
    if "pattern" in node.rules:
        yield "against the pattern", lambda _: "a b!"


def _wrong_lists(node: Schema) -> Iterator[tuple[str, Any]]:
    item = made.least(node.item)
    yield "two equal items", lambda old: [*old[:1], *old[:1]] if old else [item, deepcopy(item)]
    if node.raw.get("minItems"):
        yield "empty", lambda _: []
    if (most := node.raw.get("maxItems", 1000)) < 1000:
        yield "too many items", lambda _: [made.least(node.item) for _ in range(most + 1)]
