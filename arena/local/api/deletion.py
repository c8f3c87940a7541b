"""Deletion: grace for pods, finalizers, orphans, and namespaces with their content."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from arena.local.api import metadata, refusals
from arena.local.api.request_options import DeleteOptions
from arena.local.api.resource_types import STORED, Type, of
from arena.local.api.store import Rows, Store
from arena.local.objects import NAMESPACES, Object

PROTECTED = ("default", "kube-system")
Dropped = Callable[[Type, Object], None]


class Remover:
    """Deletes inside the caller's transaction; `dropped` is called for every object that is gone."""

    def __init__(self, store: Store, dropped: Dropped) -> None:
        self._store = store
        self._dropped = dropped

    def delete(self, kind: Type, obj: Object, how: DeleteOptions) -> bool:
        """Delete an object or mark it for deletion; return whether it is gone."""
        self._check(kind, obj, how)
        if how.propagation == "Orphan":
            self._orphan(obj)
        if kind.resource == NAMESPACES and self._empty(obj):
            return True
        finalizers = list(obj["metadata"].get("finalizers") or [])
        if how.propagation == "Foreground" and "foregroundDeletion" not in finalizers:
            finalizers.append("foregroundDeletion")
        grace = _grace(kind, obj, how)
        if not finalizers and not grace and not self._holds(kind, obj):
            self.drop(kind, obj)
            return True
        self._mark(kind, obj, grace, finalizers)
        return False

    def drop(self, kind: Type, obj: Object) -> None:
        """Remove an object; a terminating namespace is removed with its last object."""
        self._store.drop(kind.key, obj)
        self._store.release(obj["metadata"]["uid"])
        self._dropped(kind, obj)
        namespace = obj["metadata"].get("namespace")
        if not namespace:
            return
        space = self._store.read("/namespaces", "", namespace)
        if space and self.finished(of(NAMESPACES), space):
            self.drop(of(NAMESPACES), space)

    def finished(self, kind: Type, obj: Object) -> bool:
        """Whether nothing delays the removal of an object that is marked for deletion."""
        data = obj["metadata"]
        if not data.get("deletionTimestamp") or data.get("finalizers"):
            return False
        return not data.get("deletionGracePeriodSeconds") and not self._holds(kind, obj)

    def _check(self, kind: Type, obj: Object, how: DeleteOptions) -> None:
        data = obj["metadata"]
        for said, real, word, fate in (
            (how.uid, data["uid"], "UID", "deleted and then recreated"),
            (how.version, data["resourceVersion"], "ResourceVersion", "modified"),
        ):
            if said and said != real:
                why = f"the {word} in the precondition ({said}) does not match the {word} in record ({real})"
                raise refusals.changed(
                    kind.resource, data["name"], f"{why}. The object might have been {fate}"
                )
        if kind.resource == NAMESPACES and data["name"] in PROTECTED:
            raise refusals.forbidden(kind.resource, data["name"], "this namespace may not be deleted")

    def _holds(self, kind: Type, obj: Object) -> bool:
        """Whether a namespace still contains objects."""
        if kind.resource != NAMESPACES:
            return False
        name = obj["metadata"]["name"]
        return any(self._store.rows(Rows(one.key, name), 1) for one in STORED if one.resource.namespaced)

    def _mark(self, kind: Type, obj: Object, grace: int, finalizers: list[str]) -> None:
        before = json.loads(json.dumps(obj))
        data = obj["metadata"]
        if finalizers:
            data["finalizers"] = finalizers
        if "deletionTimestamp" not in data or grace < data.get("deletionGracePeriodSeconds", grace):
            end = datetime.now(timezone.utc) + timedelta(seconds=grace)
            data["deletionTimestamp"] = end.strftime("%Y-%m-%dT%H:%M:%SZ")
            data["deletionGracePeriodSeconds"] = grace
        if kind.resource == NAMESPACES:
            obj["status"] = {**(obj.get("status") or {}), "phase": "Terminating"}
            data.pop("deletionGracePeriodSeconds", None)
        if obj != before:
            if kind.generation:
                data["generation"] = data.get("generation", 0) + 1
            self._store.put(kind.key, obj, before)

    def _empty(self, space: Object) -> bool:
        """Delete the content of a namespace, pods with their grace; return whether it is gone, too."""
        self._mark(of(NAMESPACES), space, 0, list(space["metadata"].get("finalizers") or []))
        name = space["metadata"]["name"]
        for kind in STORED:
            if kind.resource.namespaced:
                for row in self._store.rows(Rows(kind.key, name)):
                    # Read again, because deleting one may have changed another.
                    if obj := self._store.read(kind.key, name, row.name):
                        self.delete(kind, obj, DeleteOptions())
        return self._store.read("/namespaces", "", name) is None

    def _orphan(self, owner: Object) -> None:
        """Remove the owner's reference from its dependents, so that they outlive it."""
        uid = owner["metadata"]["uid"]
        for kind in STORED:
            for row in self._store.rows(
                Rows(kind.key, owner["metadata"].get("namespace"), body_texts=(uid,))
            ):
                before = json.loads(row.body)
                references: list[Any] = before["metadata"].get("ownerReferences") or []
                left = [one for one in references if one.get("uid") != uid]
                if len(left) == len(references):
                    continue
                after = {**before, "metadata": {**before["metadata"], "ownerReferences": left}}
                if not left:
                    del after["metadata"]["ownerReferences"]
                metadata.keep(kind, before, after)
                self._store.put(kind.key, after, before)


def _grace(kind: Type, obj: Object, how: DeleteOptions) -> int:
    """The grace period in seconds; 0 for objects without processes."""
    if kind.key != "/pods" or not obj.get("spec", {}).get("nodeName"):
        return 0
    if obj.get("status", {}).get("phase") in ("Succeeded", "Failed"):
        return 0
    if how.grace is not None:
        return max(0, how.grace)
    already = obj["metadata"].get("deletionGracePeriodSeconds")
    own = obj["spec"].get("terminationGracePeriodSeconds", 30)
    # Zero means that the kubelet is not involved; a pod that requests zero gets the shortest grace.
    return int(already if already is not None else max(1, own))
