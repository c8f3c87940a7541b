"""Sets of field paths: the leaves of an object, and their form in `managedFields`.

A path is a tuple of steps in the API's notation: `f:spec` a field, `k:{"name":"web"}` an item of a
list by its keys, `v:"x"` an item of a set. A set holds the leaves, each item of a keyed list itself,
and each empty map or list; the content of an atomic list does not count.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from arena.local.api.schema import Schema

Path = tuple[str, ...]
_KEY_DEFAULTS = {"protocol": "TCP"}
_SERVER = ("name", "generateName", "namespace", "uid", "resourceVersion", "generation", "selfLink",
           "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
           "managedFields")  # fmt: skip
_HIDDEN = {("f:apiVersion",), ("f:kind",), *(("f:metadata", f"f:{name}") for name in _SERVER)}


def leaves(value: Any, schema: Schema) -> dict[Path, Any]:
    """Every path of an object that can be owned, with its value."""
    found = _walk(value, schema, ())
    return {path: one for path, one in found if path[:1] not in _HIDDEN and path[:2] not in _HIDDEN}


def _walk(value: Any, schema: Schema, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict) and value and not schema.is_atomic:
        for name, one in value.items():
            yield from _walk(one, schema.child(name), (*path, f"f:{name}"))
    elif isinstance(value, list) and value and (schema.keys or schema.is_set):
        for one in value:
            step = (*path, item_step(one, schema))
            yield step, None if schema.keys else one
            if schema.keys:
                yield from _walk(one, schema.item, step)
    elif path:
        yield path, value


def item_step(item: Any, schema: Schema) -> str:
    """The step to an item of a keyed list or a set."""
    if not schema.keys or not isinstance(item, dict):
        return "v:" + json.dumps(item, separators=(",", ":"))
    keys = {key: item.get(key, _KEY_DEFAULTS.get(key)) for key in schema.keys}
    found = {key: value for key, value in sorted(keys.items()) if value is not None}
    return "k:" + json.dumps(found, separators=(",", ":"))


def empty(value: Any) -> bool:
    """Whether the value is an empty map or list, which counts as missing."""
    return isinstance(value, (dict, list)) and not value


def encode(paths: Iterable[Path]) -> dict[str, Any]:
    """The set as a `fieldsV1` tree; a member that has children carries `.`."""
    tree: dict[str, Any] = {}
    members = set(paths)
    for path in sorted(members):
        node = tree
        for depth, step in enumerate(path, 1):
            node = node.setdefault(step, {})
            if depth < len(path) and path[:depth] in members:
                node.setdefault(".", {})
    return tree


def decode(tree: Any, path: Path = ()) -> set[Path]:
    """The set of a `fieldsV1` tree."""
    if not isinstance(tree, dict) or not tree:
        return {path} if path else set()
    found: set[Path] = set()
    for step, node in tree.items():
        found |= {path} if step == "." else decode(node, (*path, step))
    return found


def show(path: Path) -> str:
    """The path in messages: `.spec.containers[name="web"].image`."""
    text = ""
    for step in path:
        kind, _, rest = step.partition(":")
        if kind == "f":
            text += f".{rest}"
        elif kind == "k":
            text += "[" + ",".join(f"{k}={json.dumps(v)}" for k, v in json.loads(rest).items()) + "]"
        else:
            text += f"[={rest}]"
    return text
