"""The API without HTTP: what the operators and the node call directly, and what the handlers serve."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

from arena.local import definitions
from arena.local.api import admission, meta, pages, refusals, scale
from arena.local.api.deletion import PROTECTED, Remover
from arena.local.api.expiry import Expiry
from arena.local.api.feed import Feed
from arena.local.api.options import TRUSTED, Deleting, Listing, Page, Writing
from arena.local.api.patches.merge import merge
from arena.local.api.ports import Ports
from arena.local.api.quota import Quotas
from arena.local.api.store import Store
from arena.local.api.types import Type, of
from arena.local.objects import NAMESPACES, Object, Refused, Resource

Change = Callable[[Object], Object]


class Api:
    """Implements `objects.Objects` and more; every method may be called from any thread.

    Args:
        path: the file of the store; ":memory:" keeps nothing.
        ports: the loopback ports that Services and Pods are allotted from.
    """

    def __init__(self, path: Path | str, ports: range = range(20000, 30000)) -> None:
        self.store = Store(path)
        self._ports = Ports(self.store, ports)
        self._quotas = Quotas(self.store)
        self._expiry = Expiry(self.store)
        self._remover = Remover(self.store, self._quotas.dropped)
        for name in PROTECTED:
            if self.get(NAMESPACES, name) is None:
                self.create(NAMESPACES, {"metadata": {"name": name}})
        for one in definitions.every():
            for obj in one.seeds:
                if self.get(one.resource, obj["metadata"]["name"]) is None:
                    self.create(one.resource, obj)

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def get(self, resource: Resource, name: str, namespace: str | None = None) -> Object | None:
        """The object, or None where there is none."""
        return self.store.read(of(resource).key, _space(resource, namespace), name)

    def list(self, resource: Resource, namespace: str | None = None, labels: str = "") -> list[Object]:
        """All objects of a namespace (None: of all) that match a label selector."""
        return [json.loads(text) for text in self.page(resource, Listing(namespace, labels)).texts]

    def page(self, resource: Resource, listing: Listing) -> Page:
        """A list as JSON texts, with its version, and the token of the next page."""
        return pages.page(self.store, of(resource), listing)

    def create(
        self, resource: Resource, body: Object, namespace: str | None = None, how: Writing = TRUSTED
    ) -> Object:
        """Create; Refused 409 AlreadyExists where the name is taken, 404 where the namespace is missing."""
        kind = of(resource)
        obj = meta.begin(kind, deepcopy(body), namespace)
        with self.store.transaction(how.dry):
            if not (body.get("metadata") or {}).get("name"):
                while self._exists(kind, obj):  # the name was made by chance
                    obj = meta.begin(kind, deepcopy(body), namespace)
            name = obj["metadata"]["name"]
            self._check_space(kind, name, obj["metadata"].get("namespace", ""))
            obj = admission.create(self.store, kind, obj, how)
            if self._exists(kind, obj):
                raise refusals.exists(resource, name)
            self._quotas.check(kind, obj)
            self._ports.allot(kind, obj)
            self.store.put(kind.key, obj)
            self._quotas.written(kind, None, obj)
            self._expiry.created(kind)
        return obj

    def _exists(self, kind: Type, obj: Object) -> bool:
        meta = obj["metadata"]
        return self.store.read(kind.key, meta.get("namespace", ""), meta["name"]) is not None

    def patch(
        self, resource: Resource, name: str, body: Object, namespace: str | None = None, subresource: str = ""
    ) -> Object:
        """Apply a JSON merge patch, to the object or to its `status`."""
        patch = deepcopy(body)
        return self.change(resource, name, namespace, lambda old: merge(old, patch), subresource)

    def change(
        self,
        resource: Resource,
        name: str,
        namespace: str | None,
        change: Change,
        subresource: str = "",
        how: Writing = TRUSTED,
    ) -> Object:
        """Replace the object by what `change` makes of a copy of it, in one transaction.

        With "status" only the status is taken over, with "" all but the status; "scale" hands
        `change` a Scale and returns one. A change that changes nothing leaves the version alone.

        Raises:
            Refused: 404; 409, the result names another resourceVersion or uid; 422.
        """
        kind = of(resource)
        with self.store.transaction(how.dry):
            old = self._existing(kind, name, namespace)
            if subresource == "scale":
                wanted = change(scale.scale(old))
                new = scale.scaled(old, wanted)
                return scale.scale(self._write(kind, old, new, "", how))
            return self._write(kind, old, change(deepcopy(old)), subresource, how)

    def _write(self, kind: Type, old: Object, new: Object, subresource: str, how: Writing) -> Object:
        new = admission.update(kind, old, deepcopy(meta.shaped(kind, new)), subresource, how)
        self._ports.allot(kind, new, old)
        if new == old:
            return old
        if kind.generation and new.get("spec") != old.get("spec"):
            new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
        self.store.put(kind.key, new, old)
        self._quotas.written(kind, old, new)
        if self._remover.finished(kind, new):
            self._remover.drop(kind, new)
        return new

    def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str | None = None,
        uid: str = "",
        grace: int | None = None,
    ) -> None:
        """Delete with background propagation; with `uid` only that very object. Missing is no error.

        A pod on a node is only marked, unless `grace` is 0: that is how the kubelet says that its
        processes are gone.
        """
        try:
            self.remove(resource, name, namespace, Deleting(grace=grace, uid=uid))
        except Refused as refused:
            if refused.code != 404 and not (uid and refused.code == 409):
                raise

    def remove(
        self, resource: Resource, name: str, namespace: str | None, how: Deleting
    ) -> tuple[Object, bool]:
        """Delete; the object in its last state, and whether it is gone."""
        kind = of(resource)
        with self.store.transaction(how.dry):
            obj = self._existing(kind, name, namespace)
            return obj, self._remover.delete(kind, obj, how)

    def watch(self, *resources: Resource) -> Feed:
        """Every object of these types as ADDED first, then every change, in order."""
        return Feed(self.store, [of(one) for one in resources])

    def _existing(self, kind: Type, name: str, namespace: str | None) -> Object:
        obj = self.store.read(kind.key, _space(kind.resource, namespace), name)
        if obj is None:
            raise refusals.missing(kind.resource, name)
        return obj

    def _check_space(self, kind: Type, name: str, namespace: str) -> None:
        if not kind.resource.namespaced:
            return
        space = self.store.read("/namespaces", "", namespace)
        if space is None:
            raise refusals.missing(NAMESPACES, namespace)
        if space["metadata"].get("deletionTimestamp"):
            why = f"unable to create new content in namespace {namespace} because it is being terminated"
            raise refusals.forbidden(kind.resource, name, why)


def _space(resource: Resource, namespace: str | None) -> str:
    return (namespace or "default") if resource.namespaced else ""
