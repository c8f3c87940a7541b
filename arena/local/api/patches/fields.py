"""Sets of fields, as the trees that `managedFields` shows.

The steps of a tree are those of the API: `f:spec` a field, `k:{"name":"web"}` an item of a list by its keys,
`v:"x"` an item of a set. A node without children is a member of the set; one with children is a member only
if it has `.`, too. Sets are never changed once they are made, and share their nodes.
"""

import json
from collections.abc import Iterator
from typing import Any

from arena import foreign_json
from arena.local.api.schema import ANY, Schema

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)
_quoted = json.encoder.encode_basestring
_NOTHING: Any = object()

Node = dict[str, Any]
Path = tuple[str, ...]


class Unfit(ValueError):
    """A value does not have the structure of its kind; the message says where."""


def is_member(node: Node | None) -> bool:
    """Whether the node itself is in the set."""
    return node is not None and (not node or "." in node)


def below(node: Node | None) -> Node:
    """The set of what is below a node, of which `.` is no step."""
    if node and "." in node:
        return {step: one for step, one in node.items() if step != "."}
    return node or {}


def _node(member: bool, children: Node) -> Node | None:
    """A node; None if it is in no set."""
    if not children:
        return {} if member else None
    return {".": {}, **children} if member else children


def union(one: Node, other: Node) -> Node:
    """What is in either set."""
    if not one or not other:
        return one or other
    found = {**one, **other}
    for step in one.keys() & other.keys():
        mine, theirs = one[step], other[step]
        found[step] = _node(is_member(mine) or is_member(theirs), union(below(mine), below(theirs)))
    return found


def difference(one: Node, other: Node) -> Node:
    """What is in the first set only; the children of a member are not members of their own."""
    found = dict(one)
    for step in one.keys() & other.keys():
        mine, theirs = one[step], other[step]
        node = _node(is_member(mine) and not is_member(theirs), difference(below(mine), below(theirs)))
        if node is None:
            del found[step]
        else:
            found[step] = node
    return found


def intersection(one: Node, other: Node) -> Node:
    """What is in both sets."""
    found = {}
    for step in one.keys() & other.keys():
        mine, theirs = one[step], other[step]
        node = _node(is_member(mine) and is_member(theirs), intersection(below(mine), below(theirs)))
        if node is not None:
            found[step] = node
    return found


def paths(tree: Node, path: Path = ()) -> Iterator[Path]:
    """The members, in their order: those of a node come before what is below them."""
    steps = sorted(tree, key=_place)
    yield from ((*path, step) for step in steps if is_member(tree[step]))
    for step in steps:
        yield from paths(below(tree[step]), (*path, step))


def _place(step: str) -> tuple[int, str]:
    """Fields come before items."""
    return "fkvi".index(step[0]), step


def with_named(tree: Node, schema: Schema) -> Node:
    """The set with every field of a structure that has members below it."""
    found: Node = {}
    for step, node in tree.items():
        kind, _, name = step.partition(":")
        children = with_named(below(node), _inner(schema, kind, name))
        named = kind == "f" and name in schema.fields
        found[step] = _node(is_member(node) or (named and bool(children)), children)
    return found


def _inner(schema: Schema, kind: str, name: str) -> Schema:
    if kind == "f":
        return schema.child(name)
    return schema.item if kind == "k" else ANY


def of(value: Any, schema: Schema) -> Node:
    """The set of what a configuration says: its leaves, the items of its lists, the keys of its maps.

    Raises:
        Unfit: an item has none of its keys.
    """
    if isinstance(value, dict) and not schema.is_atomic:
        return {
            f"f:{name}": node for name, one in value.items() if (node := _said(name, one, schema)) is not None
        }
    if isinstance(value, list) and not is_leaf(value, schema):
        found: Node = {}
        for one in value:
            step = item_step(one, schema)
            found[step] = {} if step in found else _node(True, of(one, schema.item))
        return found
    return {}


def _said(name: str, value: Any, schema: Schema) -> Node | None:
    inner = schema.child(name)
    leaf = value == {} or is_leaf(value, inner)
    return _node(leaf or name not in schema.fields, of(value, inner))


def whole(value: Any, schema: Schema) -> Node:
    """The node of a value that was not there before, with all that is in it.

    Raises:
        Unfit: an item has none of its keys.
    """
    found: Node = {".": {}}
    if isinstance(value, dict):
        if not value or schema.is_atomic:
            return {}
        for name, one in value.items():
            if isinstance(one, (dict, list)):
                found[f"f:{name}"] = whole(one, schema.child(name))
            else:
                found[f"f:{name}"] = {}
        return found
    if not value or is_leaf(value, schema):
        return {}
    for one in value:
        step = item_step(one, schema)
        found[step] = {} if step in found else whole(one, schema.item)
    return found


def is_leaf(value: Any, schema: Schema) -> bool:
    """Whether a value is owned as a whole: no mapping or list, or one that is replaced whole."""
    if isinstance(value, dict):
        return schema.is_atomic
    return not (isinstance(value, list) and (schema.keys or schema.is_set))


def item_step(item: Any, schema: Schema) -> str:
    """The step to an item of a keyed list or a set.

    Raises:
        Unfit: it has none of the keys, or is no item of such a list.
    """
    if not schema.keys:
        if item is None or isinstance(item, (dict, list)):
            raise Unfit(": associative list without keys has an element that is no scalar")
        return f"v:{text(item)}"
    if not isinstance(item, dict):
        raise Unfit(": associative list with keys may not have non-map elements")
    defaults, found = schema.item.key_defaults, []
    for key in schema.sorted_keys:
        value = item[key] if key in item else defaults.get(key, _NOTHING)
        if value is not _NOTHING:
            found.append(f"{_quoted(key)}:{text(value)}")
    if not found:
        raise Unfit(": associative list with keys has an element that omits all key fields")
    return "k:{" + ",".join(found) + "}"


def text(value: Any) -> str:
    """JSON as the API writes it."""
    if type(value) is int:
        return str(value)
    written = _quoted(value) if isinstance(value, str) else _JSON.encode(value)
    for sign in "<>&":
        if sign in written:
            written = written.replace(sign, f"\\u{ord(sign):04x}")
    return written


def decode(tree: Any) -> Node:
    """The set of a `fieldsV1` tree, as clients may write it.

    Raises:
        ValueError: it is none.
    """
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ValueError("a set of fields is a mapping")
    found: Node = {}
    for step, node in tree.items():
        if step != "." and (known := _read(step)):
            inner = decode(node)
            member = not inner or (isinstance(node, dict) and "." in node)
            found[known] = _node(member, inner)
    return found


def _read(step: str) -> str:
    """A step in its usual form; "" for one of an unknown kind."""
    if step[1:2] != ":":
        raise ValueError(f"missing colon: {step}")
    kind, rest = step[0], step[2:]
    if kind == "i":
        return f"i:{int(rest)}"
    if kind in "kv":
        value = foreign_json.loads(rest)
        if kind == "k" and not isinstance(value, dict):
            raise ValueError(f"no keys: {step}")
        return f"{kind}:{text(value)}"
    return step if kind == "f" else ""


def show(path: Path) -> str:
    """The path in messages: `.spec.containers[name="web"].image`."""
    shown = ""
    for step in path:
        kind, _, rest = step.partition(":")
        if kind == "f":
            shown += f".{rest}"
        elif kind == "k":
            shown += "[" + ",".join(f"{k}={json.dumps(v)}" for k, v in json.loads(rest).items()) + "]"
        else:
            shown += f"[={rest}]" if kind == "v" else f"[{rest}]"
    return shown
