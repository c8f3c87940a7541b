"""The operators' view of the API (`local.objects.Objects`) by way of the gateway: any cluster will do."""

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from arena import errors
from arena.kube import Cluster
from arena.kube.watches import Watch
from arena.local import objects
from arena.local.objects import Object, Refused, WatchEvent
from arena.resources import Resource

T = TypeVar("T")
CODES = {errors.NotFound: 404, errors.Conflict: 409, errors.NotAllowed: 403, errors.SpecError: 422}


def known(resource: objects.Resource) -> Resource:
    """The gateway's name for a resource type of the operators."""
    return Resource(resource.group, resource.version, resource.plural, resource.namespaced, resource.kind)


def ask(verb: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Call a verb of the gateway; its errors are told as the operators know them."""
    try:
        return verb(*args, **kwargs)
    except errors.ArenaError as error:
        code = next((code for kind, code in CODES.items() if isinstance(error, kind)), 500)
        raise Refused(code, type(error).__name__, error.message) from error


class OverHttp:
    """`Objects` of one namespace of a cluster."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.cluster = cluster
        self.namespace = namespace

    def get(
        self, resource: objects.Resource, name: str, namespace: str | None = None, subresource: str = ""
    ) -> Object | None:
        """The object or its scale, or None."""
        try:
            if subresource:
                return self.patch(resource, name, {}, namespace, subresource)
            return ask(self.cluster.get, known(resource), namespace, name)
        except Refused as refusal:
            if refusal.code != 404:
                raise
            return None

    def list(
        self, resource: objects.Resource, namespace: str | None = None, labels: str = ""
    ) -> list[Object]:
        """The objects of a namespace, by default of the own one."""
        return ask(lambda: list(self.cluster.list(known(resource), namespace or self.namespace, labels)))

    def create(self, resource: objects.Resource, body: Object, namespace: str | None = None) -> Object:
        """Create."""
        typed = {"apiVersion": resource.api_version, "kind": resource.kind, **body}
        return ask(self.cluster.create, known(resource), namespace, typed)

    def patch(
        self,
        resource: objects.Resource,
        name: str,
        body: Object,
        namespace: str | None = None,
        subresource: str = "",
    ) -> Object:
        """Apply a merge patch."""
        return ask(self.cluster.patch, known(resource), namespace, name, body, subresource=subresource)

    def delete(
        self, resource: objects.Resource, name: str, namespace: str | None = None, uid: str = ""
    ) -> None:
        """Delete; a missing one is no error."""
        try:
            ask(self.cluster.delete, known(resource), namespace, name, uid or None)
        except Refused as refusal:
            if refusal.code != 404:
                raise

    def watch(self, *resources: objects.Resource) -> "Watches":
        """The changes of several types as one stream."""
        return Watches({one: self.cluster.watch(known(one), self.namespace) for one in resources})


class Watches:
    """Several watches as one; what breaks a watch is raised to whoever polls next."""

    def __init__(self, watches: dict[objects.Resource, Watch]) -> None:
        self._watches = watches
        self._changes: queue.Queue[WatchEvent | errors.ArenaError | None] = queue.Queue()
        self._threads = [threading.Thread(target=self._read, args=pair) for pair in watches.items()]
        for thread in self._threads:
            thread.start()

    def _read(self, resource: objects.Resource, watch: Watch) -> None:
        try:
            for kind, obj in watch:
                self._changes.put(WatchEvent(kind, resource, obj))
        except errors.ArenaError as error:
            self._changes.put(error)

    def __iter__(self) -> Iterator[WatchEvent]:
        while change := self.poll(None):
            yield change

    def poll(self, timeout: float | None) -> WatchEvent | None:
        """The next change; None when none came in time, or after the end."""
        try:
            found = self._changes.get(timeout != 0, timeout)
        except queue.Empty:
            return None
        if isinstance(found, errors.ArenaError):
            raise Refused(500, type(found).__name__, found.message)
        return found

    def close(self) -> None:
        """End."""
        for watch in self._watches.values():
            watch.close()
        for thread in self._threads:
            thread.join()
        self._changes.put(None)
