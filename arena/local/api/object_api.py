"""The API without HTTP: operators and node call it directly, and the handlers serve it."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

from arena.local import definitions
from arena.local.api import (
    admission,
    custom_definitions,
    metadata,
    ownership,
    pagination,
    refusals,
    scale,
    service_tokens,
    size_limits,
    versions,
)
from arena.local.api.deletion import PROTECTED, Remover
from arena.local.api.event_expiry import Expiry
from arena.local.api.local_watch import LocalWatch
from arena.local.api.patches.merge import merge
from arena.local.api.port_allocator import PortAllocator
from arena.local.api.quota import Quotas
from arena.local.api.rbac import bootstrap
from arena.local.api.request_options import TRUSTED, DeleteOptions, ListOptions, Page, WriteOptions
from arena.local.api.resource_types import READ_ONLY, Type, of
from arena.local.api.store import Store, encode
from arena.local.api.structure import alike
from arena.local.objects import NAMESPACES, Object, Refused, Resource

Mutation = Callable[[Object], Object]


class Api:
    """Implements `objects.Objects` and more; every method may be called from any thread.

    Args:
        path: the file of the store; ":memory:" stores nothing.
        ports: the loopback ports for Services and Pods; if it is empty, they get none, as on a real cluster.
    """

    def __init__(self, path: Path | str, ports: range = range(20000, 30000)) -> None:
        self.store = Store(path)
        self._definitions: Store | None = None
        self._ports = PortAllocator(self.store, ports)
        self._quotas = Quotas(self.store)
        self._expiry = Expiry(self.store)
        self._remover = Remover(self.store, self._quotas.dropped)
        self.measured: dict[Resource, Callable[[str | None, str], list[Object]]] = {}
        """What lists the objects of a namespace (None for all) by labels, of types that the node measures."""
        with self.store.transaction():
            for resource, obj in _seeds():
                if self.get(resource, obj["metadata"]["name"]) is None:
                    self.create(resource, obj)

    def close(self) -> None:
        """Close the store."""
        self.store.close()
        if self._definitions:
            self._definitions.close()

    def _store_of(self, kind: Type) -> Store:
        """The store of a type; that of definitions takes a while to make, and few ask for it."""
        if kind.verbs != READ_ONLY:
            return self.store
        with self.store.lock:
            if self._definitions is None:
                first = self.get(NAMESPACES, "default") or {}
                self._definitions = custom_definitions.store(first["metadata"]["creationTimestamp"])
            return self._definitions

    def get(
        self, resource: Resource, name: str, namespace: str | None = None, subresource: str = ""
    ) -> Object | None:
        """Return the object, or its scale; None if there is none, Refused 404 if the type has no scale."""
        kind = of(resource)
        _check_scale(kind, subresource)
        stored = self._store_of(kind).read(kind.key, _space(resource, namespace), name)
        found = None if stored is None else versions.served(kind, stored)
        return scale.scale(kind, found) if found and subresource == "scale" else found

    def list(self, resource: Resource, namespace: str | None = None, labels: str = "") -> list[Object]:
        """Return all objects of a namespace (None for all) that match a label selector."""
        if listed := self.measured.get(resource):
            return listed(namespace, labels)
        return [json.loads(text) for text in self.page(resource, ListOptions(namespace, labels)).texts]

    def page(self, resource: Resource, listing: ListOptions) -> Page:
        """A list as JSON texts, with its version, and the token of the next page."""
        kind = of(resource)
        store = self._store_of(kind)
        page = pagination.page(store, kind, listing)
        if kind.stored:
            page = page._replace(texts=[versions.text(kind, one) for one in page.texts])
        return page if store is self.store else page._replace(version=self.store.version)

    def create(
        self, resource: Resource, body: Object, namespace: str | None = None, how: WriteOptions = TRUSTED
    ) -> Object:
        """Create an object; raises Refused 409 AlreadyExists, or 404 if the namespace is missing."""
        kind = of(resource)
        body = admission.read(kind, deepcopy(body), how)
        if kind.stored and kind.conversion:
            made = self.create(kind.stored, versions.stored(kind, body), namespace, how)
            return versions.served(kind, made)
        obj = metadata.begin(kind, body, namespace)
        with self.store.transaction(how.dry):
            if not body["metadata"].get("name"):
                while self._exists(kind, obj):  # the name was generated
                    obj = metadata.begin(kind, body, namespace)
            name = obj["metadata"]["name"]
            self._check_space(kind, name, obj["metadata"].get("namespace", ""))
            obj = admission.create(self.store, kind, obj, how)
            if not (how.dry or how.applied):
                metadata.check_unstored(body)
            if self._exists(kind, obj):
                raise refusals.exists(resource, name)
            _check_extent(obj, how)
            self._quotas.check(kind, obj)
            self._ports.allot(kind, obj)
            service_tokens.allot(kind, obj)
            self.store.put(kind.key, versions.stored(kind, obj))
            self._quotas.written(kind, None, obj)
            self._expiry.created(kind)
        return obj

    def _exists(self, kind: Type, obj: Object) -> bool:
        meta = obj["metadata"]
        return self.store.read(kind.key, meta.get("namespace", ""), meta["name"]) is not None

    def patch(
        self, resource: Resource, name: str, body: Object, namespace: str | None = None, subresource: str = ""
    ) -> Object:
        """Apply a JSON merge patch, to the object or to its `status` or `scale`."""
        patch = deepcopy(body)
        return self.change(resource, name, namespace, lambda old: merge(old, patch), subresource)

    def change(
        self,
        resource: Resource,
        name: str,
        namespace: str | None,
        change: Mutation,
        subresource: str = "",
        how: WriteOptions = TRUSTED,
    ) -> Object:
        """Replace the object by the result of `change` for a copy of it, in one transaction.

        With "status", only the status is updated, with "" all but the status; with "scale", `change` receives
        a Scale and this returns one. A change without effect keeps the version.

        Raises:
            Refused: 404; 409 if the result has another resourceVersion or uid; 422.
        """
        kind = of(resource)
        _check_scale(kind, subresource)
        if kind.stored and kind.conversion:

            def converted(old: Object) -> Object:
                new = admission.read_replacement(kind, change(versions.served(kind, old)), how)
                return versions.stored(kind, new)

            made = self.change(kind.stored, name, namespace, converted, subresource, how)
            return versions.served(kind, made)
        with self.store.transaction(how.dry):
            old = versions.served(kind, self._existing(kind, name, namespace))
            if subresource == "scale":
                wanted = change(scale.scale(kind, old))
                new = scale.scaled(kind, old, wanted, how)
                how = replace(how, through="scale", is_read=True)
                return scale.scale(kind, self._write(kind, old, new, "", how))
            return self._write(kind, old, change(ownership.copied(old)), subresource, how)

    def _write(self, kind: Type, old: Object, new: Object, subresource: str, how: WriteOptions) -> Object:
        new = admission.update(kind, old, ownership.copied(metadata.shaped(kind, new)), subresource, how)
        self._ports.allot(kind, new, old)
        service_tokens.allot(kind, new, old)
        _check_extent(new, how)
        if kind.generation and _counts(kind, old, new, how):
            new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
        elif new == old or (how.manager and ownership.unchanged(old, new)):
            return old
        self.store.put(kind.key, versions.stored(kind, new), versions.stored(kind, old))
        self._quotas.written(kind, old, new)
        if self._remover.finished(kind, new):
            self._remover.drop(kind, versions.stored(kind, new))
        return new

    def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str | None = None,
        uid: str = "",
        grace: int | None = None,
    ) -> None:
        """Delete with background propagation; with `uid` only exactly that object. A missing one is no error.

        A pod on a node is only marked, unless `grace` is 0, with which the kubelet reports that its processes
        are gone.
        """
        try:
            self.remove(resource, name, namespace, DeleteOptions(grace=grace, uid=uid))
        except Refused as refused:
            if refused.code != 404 and not (uid and refused.code == 409):
                raise

    def remove(
        self, resource: Resource, name: str, namespace: str | None, how: DeleteOptions
    ) -> tuple[Object, bool]:
        """Delete; return the object in its last state, and whether it is gone."""
        kind = of(resource)
        with self.store.transaction(how.dry):
            obj = self._existing(kind, name, namespace)
            is_gone = self._remover.delete(kind, obj, how)
            return versions.served(kind, obj), is_gone

    def watch(self, *resources: Resource) -> LocalWatch:
        """Watch these types: every object comes as ADDED first, then every change, in order."""
        return LocalWatch(self.store, [of(one) for one in resources])

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


def _check_scale(kind: Type, subresource: str) -> None:
    if subresource == "scale" and subresource not in kind.subresources:
        raise refusals.unknown()


def _seeds() -> Iterator[tuple[Resource, Object]]:
    """The objects that exist from the start."""
    yield from ((NAMESPACES, {"metadata": {"name": name}}) for name in PROTECTED)
    yield from bootstrap.objects()
    yield from ((one.resource, obj) for one in definitions.every() for obj in one.seeds)


def _check_extent(obj: Object, how: WriteOptions) -> None:
    """Refuse an object that is too large, as after many patches; operators may write larger ones."""
    if how.manager:  # a cluster, too, rather forgets the managers than to refuse an object
        size_limits.check(encode(ownership.without(obj)).encode())


def _counts(kind: Type, old: Object, new: Object, how: WriteOptions) -> bool:
    """Whether a write is counted by the generation; what is applied is compared by its value alone."""
    before, after = _counted(kind, old), _counted(kind, new)
    return before != after if how.applied else not alike(after, before)


def _counted(kind: Type, obj: Object) -> Object:
    """What is counted by generations: the spec, of a custom kind all but metadata and a status of its own."""
    if kind.custom:
        apart = ("metadata", "status") if kind.has_status else ("metadata",)
        return {name: one for name, one in obj.items() if name not in apart}
    spec: Object = obj.get("spec") or {}
    return {name: one for name, one in spec.items() if name not in kind.uncounted}


def _space(resource: Resource, namespace: str | None) -> str:
    return (namespace or "default") if resource.namespaced else ""
