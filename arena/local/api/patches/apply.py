"""Server-side apply: merge a manager's configuration, remove what it drops, and report conflicts.

Ownership is tracked from the first apply on. Earlier fields belong to a manager `before-first-apply`
(`kubectl-client-side-apply` if its annotation says so), as the API did when apply was new, so that objects
that nobody applies stay small.
"""

import json
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from arena import foreign_json
from arena.local.api.patches import fields
from arena.local.api.patches.fields import Path
from arena.local.api.schema import Schema
from arena.local.field_errors import FieldError
from arena.local.objects import Object, Refused

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_END = ""
"""Marks the end of a path in a tree of steps."""
_NOTE: Path = ("f:metadata", "f:annotations", f"f:{_LAST_APPLIED}")


@dataclass(frozen=True, slots=True)
class Manager:
    """The manager of a write, and the time."""

    name: str
    now: str
    subresource: str = ""


@dataclass(slots=True)
class Owner:
    """One entry of `managedFields`."""

    name: str
    operation: str
    api_version: str
    time: str
    paths: set[Path]
    subresource: str = ""

    def entry(self) -> Object:
        """The entry as stored."""
        entry = {
            "manager": self.name,
            "operation": self.operation,
            "apiVersion": self.api_version,
            "time": self.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": fields.encode(self.paths),
        }
        return entry | ({"subresource": self.subresource} if self.subresource else {})


def owners(obj: Object) -> list[Owner]:
    """The owners of an object's fields, as stored, without invalid entries."""
    found = obj["metadata"].get("managedFields") or []
    return [
        Owner(
            str(one.get("manager", "")), str(one.get("operation", "Update")), str(one.get("apiVersion", "")),
            str(one.get("time", "")), fields.decode(one.get("fieldsV1")), str(one.get("subresource", "")),
        )
        for one in found
        if isinstance(one, dict) and one.get("fieldsV1")
    ]  # fmt: skip


def apply(
    live: Object | None, config: Object, schema: Schema, manager: Manager, force: bool = False
) -> Object:
    """Apply `config` as `manager` and return the result; neither argument is changed.

    Args:
        live: the present object; None if there is none.
        config: the complete configuration of the manager.
        force: take over fields of other owners.

    Raises:
        Refused: 409 with a cause for every field that others own and `config` would change.
    """
    config = _without_nulls(config)
    wanted = set(_own(config, schema, manager))
    mine = Owner(manager.name, "Apply", str(config.get("apiVersion", "")), manager.now, wanted)
    mine.subresource = manager.subresource
    if live is None:
        return _stored(config, [mine])
    known = owners(live) or _first(live, schema, manager)
    before = next((one for one in known if _same(one, mine)), None)
    others = [one for one in known if one is not before]
    merged = merge(live, config, schema)
    _settle(others, _changed(live, merged, schema), force)
    if before:
        gone = before.paths - wanted
        merged = _pruned(merged, gone, [one.paths for one in others], schema)
        if not gone and before.paths == wanted and before.api_version == mine.api_version:
            mine.time = before.time
    return _stored(merged, [*others, mine])


def track(old: Object, new: Object, schema: Schema, manager: Manager) -> None:
    """Record in `new` (in place) that `manager` wrote it without apply, if ownership is tracked."""
    known = owners(new)
    if not known:
        new["metadata"].pop("managedFields", None)
        return
    before, after = (_own(one, schema, manager) for one in (old, new))
    changed = {path for path, value in after.items() if path not in before or before[path] != value}
    removed = before.keys() - after.keys()
    if changed or removed:
        mine = Owner(manager.name, "Update", new["apiVersion"], manager.now, changed, manager.subresource)
        for one in known:
            one.paths -= removed
            if _same(one, mine):
                mine.paths |= one.paths
            else:
                one.paths -= changed
        known = [one for one in known if not _same(one, mine)] + [mine]
    new["metadata"]["managedFields"] = [one.entry() for one in known if one.paths]


def merge(live: Any, config: Any, schema: Schema) -> Any:
    """Merge `config` into `live`: keyed lists by their keys, other lists and atomic maps whole."""
    if isinstance(config, dict) and isinstance(live, dict) and not schema.is_atomic:
        merged = dict(live)
        for name, value in config.items():
            merged[name] = merge(live[name], value, schema.child(name)) if name in live else deepcopy(value)
        return merged
    if isinstance(config, list) and isinstance(live, list) and (schema.keys or schema.is_set):
        items = {fields.item_step(one, schema): one for one in live}
        for one in config:
            step = fields.item_step(one, schema)
            items[step] = merge(items[step], one, schema.item) if step in items else deepcopy(one)
        return list(items.values())
    return deepcopy(config)


def _own(obj: Object, schema: Schema, manager: Manager) -> dict[Path, Any]:
    """The leaves that this kind of write can own: those of the status, or all others."""
    return {
        path: value
        for path, value in fields.leaves(obj, schema).items()
        if (path[0] == "f:status") == (manager.subresource == "status")
    }


def _first(live: Object, schema: Schema, manager: Manager) -> list[Owner]:
    """The first owners: kubectl for the fields in its annotation, and `before-first-apply` for the rest.

    Fields that the cluster set, such as a pod's node, must not be kubectl's: they would be removed when
    kubectl's fields become those of its own apply.
    """
    paths = set(_own(live, schema, manager))
    told = paths & {*_own(_last_applied(live), schema, manager), _NOTE} if _NOTE in paths else set()
    parts = (("kubectl-client-side-apply", told), ("before-first-apply", paths - told))
    since = live["metadata"]["creationTimestamp"]
    return [Owner(name, "Update", live["apiVersion"], since, part) for name, part in parts if part]


def _last_applied(live: Object) -> Object:
    """What kubectl last applied with its own patch, from its annotation; {} if there is none."""
    try:
        found = foreign_json.loads(live["metadata"]["annotations"][_LAST_APPLIED])
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _same(one: Owner, other: Owner) -> bool:
    return (one.name, one.operation, one.subresource) == (other.name, other.operation, other.subresource)


def _changed(live: Object, merged: Object, schema: Schema) -> set[Path]:
    before, after = fields.leaves(live, schema), fields.leaves(merged, schema)
    return {
        path
        for path, value in after.items()
        if (path not in before and not fields.empty(value)) or (path in before and before[path] != value)
    }


def _settle(others: list[Owner], changed: set[Path], force: bool) -> None:
    """Take over the changed fields from other owners, or refuse."""
    disputed = [(one, sorted(one.paths & changed)) for one in others]
    disputed = [(one, paths) for one, paths in disputed if paths]
    if disputed and not force:
        raise _conflict(disputed)
    for one, paths in disputed:
        one.paths -= set(paths)


def _conflict(disputed: list[tuple[Owner, list[Path]]]) -> Refused:
    causes: list[FieldError] = []
    texts: list[str] = []
    for one, paths in disputed:
        who = f'"{one.name}"'
        if one.subresource:
            who += f' with subresource "{one.subresource}"'
        who += f" using {one.api_version}"
        if one.operation == "Update" and one.time:
            who += f" at {one.time}"
        shown = [fields.show(path) for path in paths]
        causes += [FieldError(field, "FieldManagerConflict", f"conflict with {who}") for field in shown]
        texts.append(
            f"conflict with {who}: {shown[0]}" if len(shown) == 1
            else f"conflicts with {who}:" + "".join(f"\n- {field}" for field in shown)
        )  # fmt: skip
    count = f"{len(causes)} conflict" + ("s" if len(causes) > 1 else "")
    details = {"causes": [cause._asdict() for cause in causes]}
    return Refused(409, "Conflict", f"Apply failed with {count}: " + "\n".join(texts), details)


def _pruned(obj: Object, gone: Iterable[Path], others: list[set[Path]], schema: Schema) -> Object:
    """The object without fields that nobody owns any more."""
    kept = set().union(*others)
    inside = {path[:depth] for path in kept for depth in range(1, len(path) + 1)}
    tree: dict[str, Any] = {}
    for path in gone:
        if path not in inside and not _is_key(path):
            node = tree
            for step in path:
                node = node.setdefault(step, {})
            node[_END] = {}
    result = deepcopy(obj)
    _remove(result, tree, schema)
    return result


def _is_key(path: Path) -> bool:
    """Whether the leaf is a key of its list item, which is removed only with the item."""
    if len(path) < 2 or not path[-2].startswith("k:"):
        return False
    return path[-1].partition(":")[2] in json.loads(path[-2].partition(":")[2])


def _remove(value: Any, tree: dict[str, Any], schema: Schema) -> None:
    """Remove the leaves of the tree of steps, and maps that become empty."""
    if isinstance(value, dict):
        for name in [step[2:] for step in tree if step.startswith("f:") and step[2:] in value]:
            below, inner = tree[f"f:{name}"], schema.child(name)
            _remove(value[name], below, inner)
            whole = inner.is_atomic or not (isinstance(value[name], dict) or inner.keys or inner.is_set)
            if fields.empty(value[name]) or (_END in below and whole):
                del value[name]
    elif isinstance(value, list):
        steps = [fields.item_step(item, schema) for item in value]
        value[:] = [item for step, item in zip(steps, value, strict=True) if _END not in tree.get(step, ())]
        for item in value:
            _remove(item, tree.get(fields.item_step(item, schema), {}), schema.item)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value


def _stored(obj: Object, known: list[Owner]) -> Object:
    entries = [one.entry() for one in known if one.paths]
    return {**obj, "metadata": {**obj["metadata"], "managedFields": entries}}
