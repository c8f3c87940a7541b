"""Server-side apply: merge what a manager wants, remove what it no longer wants, and say who disagrees.

Ownership is kept from the first apply on. What an object had before belongs to a manager
`before-first-apply` (`kubectl-client-side-apply` where its annotation says so), as the API did when
apply was new: objects that nobody applies stay small.
"""

import json
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from arena.local.api.patches import fields
from arena.local.api.patches.fields import Path
from arena.local.api.schema import Shape
from arena.local.causes import Cause
from arena.local.objects import Object, Refused

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_NOTE: Path = ("f:metadata", "f:annotations", f"f:{_LAST_APPLIED}")


@dataclass(frozen=True, slots=True)
class Manager:
    """Who writes, and when."""

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
        """As it is stored."""
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
    """The owners of an object's fields, as stored; entries that cannot be read are left out."""
    found = obj["metadata"].get("managedFields") or []
    return [
        Owner(
            str(one.get("manager", "")), str(one.get("operation", "Update")), str(one.get("apiVersion", "")),
            str(one.get("time", "")), fields.decode(one.get("fieldsV1")), str(one.get("subresource", "")),
        )
        for one in found
        if isinstance(one, dict) and one.get("fieldsV1")
    ]  # fmt: skip


def apply(live: Object | None, config: Object, shape: Shape, manager: Manager, force: bool = False) -> Object:
    """The object after `manager` applied `config`; neither argument is changed.

    Args:
        live: the object as it is; None where there is none.
        config: what the manager wants, and all that it wants.
        force: take over fields that others own.

    Raises:
        Refused: 409 with a cause for every field that others own and `config` would change.
    """
    config = _without_nulls(config)
    wanted = set(_own(config, shape, manager))
    mine = Owner(manager.name, "Apply", str(config.get("apiVersion", "")), manager.now, wanted)
    mine.subresource = manager.subresource
    if live is None:
        return _stored(config, [mine])
    known = owners(live) or _first(live, shape, manager)
    before = next((one for one in known if _same(one, mine)), None)
    others = [one for one in known if one is not before]
    merged = merge(live, config, shape)
    _settle(others, _changed(live, merged, shape), force)
    if before:
        gone = before.paths - wanted
        merged = _pruned(merged, gone, [one.paths for one in others], shape)
        if not gone and before.paths == wanted and before.api_version == mine.api_version:
            mine.time = before.time
    return _stored(merged, [*others, mine])


def track(old: Object, new: Object, shape: Shape, manager: Manager) -> None:
    """Note in `new` (in place) that `manager` wrote it other than by apply, if ownership is kept."""
    known = owners(new)
    if not known:
        new["metadata"].pop("managedFields", None)
        return
    before, after = (_own(one, shape, manager) for one in (old, new))
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


def merge(live: Any, config: Any, shape: Shape) -> Any:
    """`live` with everything that `config` says; keyed lists by their keys, other lists whole."""
    if isinstance(config, dict) and isinstance(live, dict):
        merged = dict(live)
        for name, value in config.items():
            merged[name] = merge(live[name], value, shape.child(name)) if name in live else deepcopy(value)
        return merged
    if isinstance(config, list) and isinstance(live, list) and (shape.keys or shape.is_set):
        items = {fields.item_step(one, shape): one for one in live}
        for one in config:
            step = fields.item_step(one, shape)
            items[step] = merge(items[step], one, shape.item) if step in items else deepcopy(one)
        return list(items.values())
    return deepcopy(config)


def _own(obj: Object, shape: Shape, manager: Manager) -> dict[Path, Any]:
    """The leaves that this kind of write can own: the status, or all but the status."""
    return {
        path: value
        for path, value in fields.leaves(obj, shape).items()
        if (path[0] == "f:status") == (manager.subresource == "status")
    }


def _first(live: Object, shape: Shape, manager: Manager) -> list[Owner]:
    """Who owns what there is: kubectl what its annotation tells, and nobody in particular the rest.

    What the cluster filled in, such as a pod's node, must not be kubectl's: it would be removed when
    kubectl's fields become those of its own apply.
    """
    paths = set(_own(live, shape, manager))
    told = paths & {*_own(_last_applied(live), shape, manager), _NOTE} if _NOTE in paths else set()
    parts = (("kubectl-client-side-apply", told), ("before-first-apply", paths - told))
    since = live["metadata"]["creationTimestamp"]
    return [Owner(name, "Update", live["apiVersion"], since, part) for name, part in parts if part]


def _last_applied(live: Object) -> Object:
    """What kubectl applied last by a patch of its own, as an annotation says; {} where it is none."""
    try:
        found = json.loads(live["metadata"]["annotations"][_LAST_APPLIED])
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _same(one: Owner, other: Owner) -> bool:
    return (one.name, one.operation, one.subresource) == (other.name, other.operation, other.subresource)


def _changed(live: Object, merged: Object, shape: Shape) -> set[Path]:
    before, after = fields.leaves(live, shape), fields.leaves(merged, shape)
    return {
        path
        for path, value in after.items()
        if (path not in before and not fields.empty(value)) or (path in before and before[path] != value)
    }


def _settle(others: list[Owner], changed: set[Path], force: bool) -> None:
    """Take the changed fields from the others, or refuse."""
    disputed = [(one, sorted(one.paths & changed)) for one in others]
    disputed = [(one, paths) for one, paths in disputed if paths]
    if disputed and not force:
        raise _conflict(disputed)
    for one, paths in disputed:
        one.paths -= set(paths)


def _conflict(disputed: list[tuple[Owner, list[Path]]]) -> Refused:
    causes: list[Cause] = []
    texts: list[str] = []
    for one, paths in disputed:
        who = f'"{one.name}"'
        if one.subresource:
            who += f' with subresource "{one.subresource}"'
        who += f" using {one.api_version}"
        if one.operation == "Update" and one.time:
            who += f" at {one.time}"
        shown = [fields.show(path) for path in paths]
        causes += [Cause(field, "FieldManagerConflict", f"conflict with {who}") for field in shown]
        texts.append(
            f"conflict with {who}: {shown[0]}" if len(shown) == 1
            else f"conflicts with {who}:" + "".join(f"\n- {field}" for field in shown)
        )  # fmt: skip
    count = f"{len(causes)} conflict" + ("s" if len(causes) > 1 else "")
    details = {"causes": [cause._asdict() for cause in causes]}
    return Refused(409, "Conflict", f"Apply failed with {count}: " + "\n".join(texts), details)


def _pruned(obj: Object, gone: Iterable[Path], others: list[set[Path]], shape: Shape) -> Object:
    """The object without the fields that nobody wants any more."""
    kept = set().union(*others)
    inside = {path[:depth] for path in kept for depth in range(1, len(path) + 1)}
    result = deepcopy(obj)
    for path in sorted(gone, key=len):  # an item goes whole, before the keys that name it
        if path not in inside and not _is_key(path):
            _remove(result, path, shape)
    return result


def _is_key(path: Path) -> bool:
    """Whether the leaf is one of those that tell its item from the others: it goes with the item only."""
    if len(path) < 2 or not path[-2].startswith("k:"):
        return False
    return path[-1].partition(":")[2] in json.loads(path[-2].partition(":")[2])


def _remove(value: Any, path: Path, shape: Shape) -> None:
    """Remove the leaf at the path, and the maps that this leaves empty."""
    step, rest = path[0], path[1:]
    if step.startswith("f:"):
        name = step[2:]
        if not isinstance(value, dict) or name not in value:
            return
        if rest:
            _remove(value[name], rest, shape.child(name))
        inner = shape.child(name)
        whole = not isinstance(value[name], dict) and not inner.keys and not inner.is_set
        if fields.empty(value[name]) or (not rest and whole):
            del value[name]
        return
    if isinstance(value, list):
        for index, item in enumerate(value):
            if fields.item_step(item, shape) == step:
                if rest:
                    _remove(item, rest, shape.item)
                else:
                    del value[index]
                return


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value


def _stored(obj: Object, known: list[Owner]) -> Object:
    entries = [one.entry() for one in known if one.paths]
    return {**obj, "metadata": {**obj["metadata"], "managedFields": entries}}
