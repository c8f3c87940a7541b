"""The managers of an object's fields, and its `managedFields`.

A write without apply is an `Update` of its manager, which then owns what it changed; what others owned of
that, they lose. What a write may not change, such as the status of most objects, nobody gets by it.
"""

import json
from dataclasses import dataclass, replace
from typing import Any

from arena.local.api.patches import fields
from arena.local.api.patches.comparison import Comparison, without
from arena.local.api.patches.fields import Node
from arena.local.api.schema import Schema
from arena.local.objects import Object
from arena.tuples import NamedTuple

MOST = 10
"""Managers of updates; of more, the oldest become one."""
_ANCIENT = "ancient-changes"
_KINDS = ("Apply", "Update")
_SERVER = ("name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation",
           "managedFields", "resourceVersion")  # fmt: skip
_METADATA: Node = {".": {}, **{f"f:{name}": {} for name in _SERVER}}
_HIDDEN: Node = {"f:apiVersion": {}, "f:kind": {}, "f:metadata": _METADATA}
"""What the server sets, and nobody owns."""


class Manager(NamedTuple):
    """Who writes, how, and through which subresource."""

    name: str
    operation: str
    version: str
    """The apiVersion of an update; "" of an apply, which replaces that of any version."""
    subresource: str

    def text(self) -> str:
        """The manager as JSON, by which the API orders managers."""
        said = {"manager": self.name, "operation": self.operation, "apiVersion": self.version,
                "subresource": self.subresource}  # fmt: skip
        return json.dumps({key: value for key, value in said.items() if value}, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Owned:
    """What a manager owns, as of which version of the API and since when."""

    fields: Node
    version: str
    time: str = ""


Managers = dict[Manager, Owned]


@dataclass(frozen=True, slots=True)
class Write:
    """A write as the tracking of fields sees it.

    Attributes:
        manager: the name of its manager.
        version: the apiVersion of the object.
        now: the time.
        kept: the fields of the object that such a write does not change.
    """

    manager: str
    version: str
    now: str
    subresource: str = ""
    kept: tuple[str, ...] = ()

    def updater(self) -> Manager:
        """Its manager, without apply."""
        return Manager(self.manager or "unknown", "Update", self.version, self.subresource)

    def applier(self) -> Manager:
        """Its manager, if it is an apply."""
        return Manager(self.manager, "Apply", "", self.subresource)


def stored(entries: Any) -> Managers:
    """The managers of `managedFields` that were stored here."""
    return dict(_manager(one, one["fieldsV1"]) for one in entries or ())


def decode(entries: Any) -> Managers:
    """The managers of `managedFields` that a client wrote.

    Raises:
        ValueError: an entry cannot be read.
    """
    found: Managers = {}
    for one in entries or ():
        if not isinstance(one, dict):
            raise ValueError("an entry of managedFields is a mapping")
        operation, version = one.get("operation"), one.get("apiVersion")
        if operation not in _KINDS or not version or one.get("fieldsType") != "FieldsV1":
            raise ValueError("an entry of managedFields needs operation, apiVersion and fieldsType")
        manager, owned = _manager(one, fields.decode(one.get("fieldsV1")))
        found[manager] = owned
    return found


def _manager(entry: Object, tree: Node) -> tuple[Manager, Owned]:
    operation, version = entry["operation"], entry["apiVersion"]
    known = "" if operation == "Apply" else version
    manager = Manager(entry.get("manager") or "", operation, known, entry.get("subresource") or "")
    return manager, Owned(tree, version, entry.get("time") or "")


def encode(managers: Managers) -> list[Object]:
    """The managers as `managedFields`."""
    return [_entry(manager, owned) for manager, owned in sorted(managers.items(), key=_place)]


def _entry(manager: Manager, owned: Owned) -> Object:
    entry = {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": owned.version,
        "time": owned.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": owned.fields,
        "subresource": manager.subresource,
    }
    return {key: value for key, value in entry.items() if value != ""}


def _place(item: tuple[Manager, Owned]) -> tuple[str, ...]:
    manager, owned = item
    return manager.operation, owned.time, manager.name, owned.version, manager.subresource


def update(managers: Managers, difference: Comparison, write: Write) -> Managers:
    """The managers after a write without apply."""
    found = lost(managers, difference, write.version)
    mine = fields.difference(difference.changed, _HIDDEN)
    if mine:
        me = write.updater()
        if me in found:
            mine = fields.union(mine, found[me].fields)
        found[me] = Owned(mine, write.version, write.now)
    return _capped(found)


def lost(managers: Managers, difference: Comparison, version: str, taker: Manager | None = None) -> Managers:
    """The managers without what a write took from them; those of versions that are not served are gone.

    `taker` is the manager of the write, which loses nothing.
    """
    gone = fields.union(difference.changed, difference.removed)
    found: Managers = {}
    for manager, owned in managers.items():
        if manager == taker:
            found[manager] = owned
        elif owned.version == version and (kept := fields.difference(owned.fields, gone)):
            found[manager] = replace(owned, fields=kept)
    return found


def owned_by(config: Object, schema: Schema, kept: tuple[str, ...]) -> Node:
    """What an applied configuration makes its manager own.

    Raises:
        fields.Unfit: an item of a list has none of its keys.
    """
    return without(fields.of(config, schema), kept)


def visible(tree: Node) -> Node:
    """The set without what the server sets."""
    return fields.difference(tree, _HIDDEN)


def _capped(managers: Managers) -> Managers:
    """At most `MOST` managers of updates: of each version, the oldest become one."""
    updates = sorted(
        (manager for manager in managers if manager.operation == "Update"),
        key=lambda one: (managers[one].time, one.text()),
    )
    left = len(updates)
    first: dict[str, Manager] = {}
    for manager in updates:
        if left <= MOST:
            break
        owned = managers[manager]
        if owned.version not in first:
            first[owned.version] = manager
            continue
        bucket = Manager(_ANCIENT, "Update", owned.version, "")
        oldest = managers.pop(bucket, None) or managers.pop(first[owned.version])
        managers.pop(manager, None)
        managers[bucket] = replace(owned, fields=fields.union(owned.fields, oldest.fields))
        left -= 1
    return managers
