"""What differs between two states of an object, as sets of fields."""

from dataclasses import dataclass, field
from typing import Any

from arena.local.api.patches import fields
from arena.local.api.patches.fields import Node, Path
from arena.local.api.schema import Schema

ABSENT: Any = object()
"""The value of a field that is not there, which null is not."""


@dataclass(slots=True)
class Comparison:
    """The fields that are in the new state only, in both with another value, and in the old one only."""

    added: Node = field(default_factory=dict)
    modified: Node = field(default_factory=dict)
    removed: Node = field(default_factory=dict)

    @property
    def changed(self) -> Node:
        """What the new state says that the old one did not."""
        return fields.union(self.modified, self.added)

    def __bool__(self) -> bool:
        return bool(self.added or self.modified or self.removed)

    def without(self, tops: tuple[str, ...]) -> "Comparison":
        """The comparison without some fields of the object itself, and what is in them."""
        return Comparison(*(without(one, tops) for one in (self.added, self.modified, self.removed)))


def without(tree: Node, tops: tuple[str, ...]) -> Node:
    """The set without some fields of the object itself, and what is in them."""
    return {step: node for step, node in tree.items() if step[2:] not in tops}


def compare(old: Any, new: Any, schema: Schema) -> Comparison:
    """Compare two objects.

    Raises:
        fields.Unfit: an item of a list has none of its keys.
    """
    found = Comparison()
    _compare(old, new, schema, (), found)
    return found


def _compare(old: Any, new: Any, schema: Schema, path: Path, found: Comparison) -> None:
    if old is ABSENT:
        _put(found.added, path, fields.whole(new, schema))
    elif new is ABSENT:
        _put(found.removed, path, fields.whole(old, schema))
    elif old == new:
        return
    else:
        before, after = _parts(old, schema), _parts(new, schema)
        if not (before or after) or _is_whole(old, schema) or _is_whole(new, schema):
            _put(found.modified, path, {})
        for step in {**before, **after}:
            was, is_ = before.get(step, ()), after.get(step, ())
            _compare_items(was, is_, _inner(schema, step), (*path, step), found)


def _is_whole(value: Any, schema: Schema) -> bool:
    """Whether a value is replaced whole; null is what a mapping or list may have been before."""
    return value is not None and fields.is_leaf(value, schema)


def _inner(schema: Schema, step: str) -> Schema:
    return schema.child(step[2:]) if step[0] == "f" else schema.item


def _parts(value: Any, schema: Schema) -> dict[str, list[Any]]:
    """What a value consists of, by step; several values have the same step if a list repeats it."""
    if fields.is_leaf(value, schema):
        return {}
    if isinstance(value, dict):
        return {f"f:{name}": [one] for name, one in value.items()}
    found: dict[str, list[Any]] = {}
    for one in value:
        found.setdefault(fields.item_step(one, schema), []).append(one)
    return found


def _compare_items(old: Any, new: Any, schema: Schema, path: Path, found: Comparison) -> None:
    """Compare what is at a step; values that share a step are compared as one."""
    if len(old) <= 1 and len(new) <= 1:
        _compare(old[0] if old else ABSENT, new[0] if new else ABSENT, schema, path, found)
    elif len(old) > 1 and len(new) > 1:
        if old != new:
            _put(found.modified, path, {})
    elif len(old) > 1:
        if new:
            _put(found.added, path, fields.whole(new[0], schema))
        _put(found.removed, path, {})
    else:
        if old:
            _put(found.removed, path, fields.whole(old[0], schema))
        _put(found.added, path, {})


def _put(tree: Node, path: Path, node: Node) -> None:
    """Add a node to a set that is being made."""
    if not path:
        tree.update(fields.below(node))
        return
    for step in path[:-1]:
        tree = tree.setdefault(step, {})
    tree[path[-1]] = node
