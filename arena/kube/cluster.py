"""`Cluster`: the verbs with which arena talks to a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from arena.errors import ArenaError
from arena.kube import faults, lists
from arena.kube.discovery import Discovery
from arena.kube.endpoint import Endpoint
from arena.kube.faults import Asked
from arena.kube.pages import Selection, pages
from arena.kube.transport import Request, Transport
from arena.kube.urls import path_of
from arena.kube.waiting import Waiting
from arena.resources import PODS, Resource

if TYPE_CHECKING:
    from arena.kube.forwards import Forward
    from arena.kube.streams import Lines, LogQuery, Terminal
    from arena.kube.watches import Watch

Object = dict[str, Any]
MERGE, JSON, STRATEGIC = "merge-patch", "json-patch", "strategic-merge-patch"
"""Kinds of patch."""


class Cluster:
    """One cluster as one user; may be shared by threads. Nothing is sent before the first verb.

    Every verb raises one of `arena.errors`, with the server's message.

    Args:
        load: returns the server and the credentials when the first request needs them.
        name: what messages call the cluster, such as `cluster "prod"`.
        namespace: the default namespace for callers; the verbs take theirs explicitly.
        waiting: tells people what is waited for.
    """

    def __init__(
        self,
        load: Callable[[], Endpoint],
        name: str = "the cluster",
        namespace: str = "default",
        waiting: Waiting | None = None,
    ) -> None:
        self.name = name
        self.namespace = namespace
        self._transport = Transport(load, waiting)
        self._discovery = Discovery(self._transport, Asked(name, "read"))

    @classmethod
    def at(cls, server: str, name: str = "the cluster", namespace: str = "default") -> Cluster:
        """The cluster at an address that needs no credentials."""
        endpoint = Endpoint(server=server.rstrip("/"))
        return cls(lambda: endpoint, name, namespace)

    @property
    def patience(self) -> float:
        """Seconds for which followers continue without the server."""
        return self._transport.waiting.patience

    @property
    def address(self) -> str:
        """The host and port of its server."""
        return self._transport.endpoint.address

    def about(self) -> tuple[str, str]:
        """The version of the server and its time in the form of HTTP; "" for what it does not tell."""
        return self._discovery.about()

    def get(self, resource: Resource, namespace: str | None, name: str) -> Object:
        """Return one object; raises NotFound if there is none."""
        asked = Asked(self.name, "read", resource, namespace, name)
        return self._transport.json(Request(asked, "GET", path_of(resource, asked)))

    def list(
        self, resource: Resource, namespace: str | None = None, labels: str = "", fields: str = ""
    ) -> Iterator[Object]:
        """Yield the objects of a namespace (None for all) that match the selectors.

        They are read page by page: keep what is needed, so that ten thousand pods do not stay in memory.
        """
        asked = Asked(self.name, "list", resource, namespace)
        for page in pages(self._transport, Selection(asked, resource, namespace, labels, fields)):
            yield from page.objects
            page.objects.clear()  # or it would be in memory beside the next

    def without_objects(self, resources: Sequence[Resource], namespace: str | None) -> Sequence[Resource]:
        """Those types of which a namespace (None for all) has no object, if the server tells that at once."""
        return self._discovery.without_objects(resources, namespace)

    def traffic(self) -> str:
        """What the local cluster has counted of requests to its pods, as Prometheus reads it; else ""."""
        return self._discovery.traffic()

    def may_list(self, resource: Resource, namespace: str | None = None) -> bool:
        """Whether this user may list a type in a namespace (None for all); False if unknown."""
        try:
            asked = Asked(self.name, "list", resource, namespace)
            self._transport.body(Request(asked, "GET", resource.path(namespace), {"limit": 1}))
        except ArenaError:
            return False
        return True

    def many(
        self,
        resource: Resource,
        namespace: str | None = None,
        labels: str = "",
        before_rest: Callable[[], object] = bool,
    ) -> Iterator[Object]:
        """As `list`; a very long list comes mostly from the server's cache, after a call of `before_rest`."""
        asked = Asked(self.name, "list", resource, namespace)
        return lists.objects(self._transport, Selection(asked, resource, namespace, labels, ""), before_rest)

    def names(self, resource: Resource, namespace: str | None = None) -> Iterator[str]:
        """The names of the objects of a namespace (None for all), from the server's cache if it has one."""
        from arena.kube import podlists

        asked = Asked(self.name, "list", resource, namespace)
        return podlists.names(self._transport, Selection(asked, resource, namespace, "", ""))

    def pods(self, namespace: str | None = None, labels: str = "") -> Iterator[Object]:
        """The pods of a namespace (None: all), as `podlists` says; many come from a cache, a moment old."""
        asked = Asked(self.name, "list", PODS, namespace)
        return lists.pods(self._transport, Selection(asked, PODS, namespace, labels, ""))

    def pod_requests(self, fields: str = "", *, placing: bool = False) -> Iterator[Object]:
        """All pods with at least nodes and requests (`placing`: all that schedulers see), from the cache."""
        from arena.kube import podlists

        asked = Asked(self.name, "list", PODS)
        return podlists.requests(self._transport, Selection(asked, PODS, None, "", fields), placing)

    def create(
        self, resource: Resource, namespace: str | None, body: Mapping[str, Any], dry_run: bool = False
    ) -> Object:
        """Create an object and return it as stored; raises Conflict if the name is taken.

        Unknown fields are refused (SpecError). With `dry_run`, everything is checked and nothing is stored.
        """
        asked = Asked(self.name, "create", resource, namespace, (body.get("metadata") or {}).get("name"))
        query = {"fieldManager": "arena", "fieldValidation": "Strict", "dryRun": "All" if dry_run else None}
        return self._transport.json(Request(asked, "POST", resource.path(namespace), query, body))

    def patch(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        body: Mapping[str, Any] | Sequence[Any],
        kind: str = MERGE,
        subresource: str = "",
    ) -> Object:
        """Change an object (or its `subresource`) and return it; `kind` is MERGE, JSON or STRATEGIC.

        With `metadata.resourceVersion` in a merge patch, it is a Conflict if the object changed meanwhile.
        """
        asked = Asked(self.name, "change", resource, namespace, name)
        path = path_of(resource, asked) + (f"/{subresource}" if subresource else "")
        query = {"fieldManager": "arena", "fieldValidation": "Strict"}
        return self._transport.json(Request(asked, "PATCH", path, query, body, f"application/{kind}+json"))

    def check_patch(
        self, resource: Resource, namespace: str | None, name: str, body: Mapping[str, Any] | None = None
    ) -> None:
        """Raise what `patch` would raise for a merge patch (None: of nothing), and change nothing."""
        asked = Asked(self.name, "change", resource, namespace, name)
        query = {"fieldManager": "arena", "fieldValidation": "Strict", "dryRun": "All"}
        kind = f"application/{MERGE}+json"
        self._transport.json(Request(asked, "PATCH", path_of(resource, asked), query, body or {}, kind))

    def delete(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        uid: str | None = None,
        propagation: str = "Background",
        grace: int | None = None,
    ) -> Object:
        """Delete an object, with `uid` only exactly that one, else Conflict; NotFound if there is none.

        `grace`: seconds, None for its own. Returns it while it exists, else a Status or its last state.
        """
        asked = Asked(self.name, "delete", resource, namespace, name)
        body: Object = {"propagationPolicy": propagation} | ({"preconditions": {"uid": uid}} if uid else {})
        body |= {} if grace is None else {"gracePeriodSeconds": grace}
        return self._transport.json(Request(asked, "DELETE", path_of(resource, asked), body=body))

    def delete_unchanged(self, resource: Resource, obj: Mapping[str, Any]) -> None:
        """Delete an object as it was read: Conflict if it has changed, NotFound if there is none."""
        meta = obj["metadata"]
        asked = Asked(self.name, "delete", resource, meta["namespace"], meta["name"])
        same = {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"]}
        self._transport.json(Request(asked, "DELETE", path_of(resource, asked), body={"preconditions": same}))

    def check_delete(self, resource: Resource, namespace: str | None, name: str, uid: str) -> None:
        """Raise what `delete` would raise for exactly this object, and delete nothing."""
        asked = Asked(self.name, "delete", resource, namespace, name)
        body = {"preconditions": {"uid": uid}, "dryRun": ["All"]}
        self._transport.json(Request(asked, "DELETE", path_of(resource, asked), body=body))

    def watch(
        self,
        resource: Resource,
        namespace: str | None = None,
        labels: str = "",
        fields: str = "",
        version: str | None = None,
    ) -> Watch:
        """Endless (type, object) pairs, type ADDED, MODIFIED or DELETED; see `Watch`.

        Without `version`, all existing objects come first, as ADDED; with it, only later changes.
        """
        from arena.kube.watches import Watch

        asked = Asked(self.name, "watch", resource, namespace)
        return Watch(self._transport, Selection(asked, resource, namespace, labels, fields), version)

    def logs(
        self, namespace: str, pod: str, query: LogQuery | None = None, resource: Resource = PODS
    ) -> Lines:
        """The lines of a container's log as bytes, without line ends; raises NotFound before it has any.

        With POD_LOGS as the `resource`, `pod` is the pod's uid.
        """
        from arena.kube import streams

        asked = Asked(self.name, "read the log of", resource, namespace, pod)
        return streams.logs(self._transport, asked, query or streams.WHOLE)

    def exec(
        self,
        namespace: str,
        pod: str,
        command: Sequence[str],
        container: str = "",
        stdin: bool = False,
        tty: bool = False,
    ) -> Terminal:
        """Run a command in a container."""
        from arena.kube import streams

        query = {"command": list(command), **streams.channels(container, stdin, tty)}
        asked = Asked(self.name, "run a command in", PODS, namespace, pod)
        return streams.terminal(self._transport, asked, query, "exec")

    def attach(
        self, namespace: str, pod: str, container: str = "", stdin: bool = False, tty: bool = False
    ) -> Terminal:
        """Join the main process of a container."""
        from arena.kube import streams

        query = streams.channels(container, stdin, tty)
        asked = Asked(self.name, "attach to", PODS, namespace, pod)
        return streams.terminal(self._transport, asked, query, "attach")

    def forward(
        self, namespace: str, pod: str | Callable[[], Sequence[str]], port: int, local: int = 0
    ) -> Forward:
        """Forward connections to a loopback port (`local`; 0: any) to a pod, or to the first of several."""
        from arena.kube.forwards import Forward

        asked = Asked(self.name, "reach a port of", PODS, namespace)
        return Forward(self._transport, asked, port, pod if callable(pod) else lambda: [pod], local)

    def metrics(self, plural: str, namespace: str | None = None, labels: str = "") -> Iterator[Object]:
        """The present usage of `pods` or `nodes`; raises MissingOperator if nothing measures it."""
        kind = {"pods": "PodMetrics", "nodes": "NodeMetrics"}[plural]
        usage = Resource("metrics.k8s.io", "v1beta1", plural, plural == "pods", kind)
        return self.list(usage, namespace, labels)

    def ask(self, path: str, query: Mapping[str, str]) -> Object:
        """The JSON at a path that is none of a resource, such as what a Service answers through its proxy."""
        return self._transport.json(Request(Asked(self.name, "ask"), "GET", path, query))

    def serves(self, resource: Resource) -> bool:
        """Whether the cluster knows a resource type in exactly this version."""
        return self._discovery.serves(resource.group, resource.version, resource.plural)

    def knows(self, resource: Resource) -> bool:
        """Whether the spec of a served type has `resource.field`; True if the cluster does not say."""
        if not resource.field or (
            resource.sibling and self.serves(resource._replace(plural=resource.sibling))
        ):
            return True
        fields = self._discovery.fields(resource.group, resource.version, resource.kind)
        return fields is None or resource.field in fields

    def served(self, group: str, plural: str) -> str | None:
        """The version in which the cluster prefers to serve a type; None if it does not know the type."""
        return self._discovery.version(group, plural)

    def need(self, resource: Resource) -> None:
        """Raise MissingOperator unless the cluster serves the type."""
        if not self.serves(resource):
            raise faults.missing_operator(self.name, resource)
