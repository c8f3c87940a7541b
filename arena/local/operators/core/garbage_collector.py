"""The garbage collector: it deletes objects whose owners are gone.

- *background*: an object whose owners are all gone is deleted
- *foreground*: an owner with the finalizer `foregroundDeletion` stays until what it blocks on is gone

The API handles orphaning and the contents of namespaces itself, in one transaction. The watch, which reports
every object first, shows which objects have owners; the index below is only a cache.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from functools import cache

from arena.local import definitions
from arena.local.machinery.operator import Key, Operator
from arena.local.machinery.writes import remove
from arena.local.objects import (
    CONFIGMAPS,
    CONTROLLER_REVISIONS,
    DEPLOYMENTS,
    DISRUPTION_BUDGETS,
    ENDPOINTS,
    JOBS,
    OBSERVATION_LOGS,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    REPLICASETS,
    SECRETS,
    SERVICES,
    STATEFULSETS,
    Object,
    Objects,
    Resource,
    WatchEvent,
    key,
)

FOREGROUND = "foregroundDeletion"

_BUILT_IN = (
    CONFIGMAPS,
    CONTROLLER_REVISIONS,
    DEPLOYMENTS,
    DISRUPTION_BUDGETS,
    ENDPOINTS,
    JOBS,
    OBSERVATION_LOGS,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    REPLICASETS,
    SECRETS,
    SERVICES,
    STATEFULSETS,
)


@cache
def types() -> tuple[Resource, ...]:
    """The types of objects that own others or are owned."""
    return (*_BUILT_IN, *(one.resource for one in definitions.every()))


def operator() -> Operator:
    """The garbage collector, with an empty index."""
    collector = Collector()
    return Operator("garbage", types(), collector.keys, collector.reconcile)


class Collector:
    """Finds the objects that an object owns by its uid."""

    def __init__(self) -> None:
        self._owned: dict[str, set[Key]] = defaultdict(set)
        self._owners: dict[Key, set[str]] = {}
        self._names: dict[str, Key] = {}

    def keys(self, objects: Objects, change: WatchEvent) -> Iterable[Key]:
        """Update the index; the keys, as (position in types(), namespace, name), to check after a change."""
        obj, uid = change.object, change.object["metadata"]["uid"]
        item = (str(types().index(change.resource)), *key(obj))
        owners = set() if change.type == "DELETED" else {one["uid"] for one in _references(obj)}
        before = self._owners.get(item, set())
        self._link(item, before, owners)
        if change.type == "DELETED":
            self._names.pop(uid, None)
            return [*self._owned.get(uid, ()), *(self._names[one] for one in before if one in self._names)]
        self._names[uid] = item
        # A new watch reports all objects as ADDED: their owners may have been deleted before it.
        unsure = owners if change.type == "ADDED" else owners - before
        return [item] if unsure or (_is_going(obj) and _finalizers(obj)) else []

    def _link(self, item: Key, before: set[str], owners: set[str]) -> None:
        for uid in before - owners:
            self._owned[uid].discard(item)
            if not self._owned[uid]:
                del self._owned[uid]
        for uid in owners - before:
            self._owned[uid].add(item)
        if owners:
            self._owners[item] = owners
        else:
            self._owners.pop(item, None)

    def reconcile(self, objects: Objects, item: Key, now: datetime) -> float | None:
        """Delete the object if its owners are gone; finish its own deletion if it waits for that."""
        obj = _get(objects, item)
        if obj is None:
            return None
        if _is_going(obj) and FOREGROUND in _finalizers(obj):
            self._foreground(objects, item, obj)
        elif not _is_going(obj):
            _collect(objects, item, obj)
        return None

    def _dependents(self, objects: Objects, owner: Object) -> list[tuple[Key, Object]]:
        uid = owner["metadata"]["uid"]
        found = [(item, _get(objects, item)) for item in sorted(self._owned.get(uid, ()))]
        return [(item, obj) for item, obj in found if obj and uid in [one["uid"] for one in _references(obj)]]

    def _foreground(self, objects: Objects, item: Key, owner: Object) -> None:
        blocking = False
        for dependent, obj in self._dependents(objects, owner):
            references = _references(obj)
            mine = [one for one in references if one["uid"] == owner["metadata"]["uid"]]
            if len(mine) < len(references):
                _disown(objects, dependent, obj, [one for one in references if one not in mine])
                continue
            remove(objects, _type(dependent), obj)
            stays = _get(objects, dependent) is not None
            blocking = blocking or (stays and bool(mine[0].get("blockOwnerDeletion")))
        if not blocking:
            _release(objects, item, owner)


def _collect(objects: Objects, item: Key, obj: Object) -> None:
    references = _references(obj)
    alive = [one for one in references if _lives(objects, one, item[1])]
    if references and not alive:
        remove(objects, _type(item), obj)
    elif len(alive) < len(references):
        _disown(objects, item, obj, alive)


def _lives(objects: Objects, reference: Object, namespace: str) -> bool:
    """Whether the owner with this uid exists; owners of unknown types count as existing."""
    group = reference["apiVersion"].rpartition("/")[0]
    for resource in types():
        if (resource.group, resource.kind) == (group, reference["kind"]):
            there = objects.get(resource, reference["name"], namespace)
            return there is not None and bool(there["metadata"]["uid"] == reference["uid"])
    return True


def _disown(objects: Objects, item: Key, obj: Object, kept: list[Object]) -> None:
    version = obj["metadata"]["resourceVersion"]
    body = {"metadata": {"resourceVersion": version, "ownerReferences": kept}}
    objects.patch(_type(item), item[2], body, item[1])


def _release(objects: Objects, item: Key, obj: Object) -> None:
    kept = [one for one in _finalizers(obj) if one != FOREGROUND]
    version = obj["metadata"]["resourceVersion"]
    objects.patch(
        _type(item), item[2], {"metadata": {"resourceVersion": version, "finalizers": kept}}, item[1]
    )


def _type(item: Key) -> Resource:
    return types()[int(item[0])]


def _get(objects: Objects, item: Key) -> Object | None:
    return objects.get(_type(item), item[2], item[1])


def _references(obj: Object) -> list[Object]:
    return [one for one in obj["metadata"].get("ownerReferences") or [] if one.get("uid")]


def _finalizers(obj: Object) -> list[str]:
    return obj["metadata"].get("finalizers") or []


def _is_going(obj: Object) -> bool:
    return bool(obj["metadata"].get("deletionTimestamp"))
