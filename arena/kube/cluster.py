"""`Cluster`: the verbs with which arena speaks to a cluster."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from arena.errors import NotFound
from arena.kube import faults, streams
from arena.kube.discovery import Discovery
from arena.kube.endpoint import Endpoint
from arena.kube.faults import Asked
from arena.kube.forwards import Forward
from arena.kube.pages import Selection, pages
from arena.kube.streams import Lines, LogQuery, Terminal
from arena.kube.transport import Request, Transport
from arena.kube.watches import Watch
from arena.resources import PODS, Resource

Object = dict[str, Any]

MERGE, JSON, STRATEGIC = "merge-patch", "json-patch", "strategic-merge-patch"
"""Kinds of patch."""
_SEGMENT = re.compile(r"(?!\.{1,2}\Z)[^/%\x00-\x1f\x7f\ud800-\udfff]+")
"""One step of a path."""


class Cluster:
    """One cluster as one user; may be shared by threads. Nothing is sent before the first verb.

    Every verb raises one of `arena.errors`, with the server's own words.

    Args:
        load: gives the server and the credentials when the first request needs them.
        name: what messages call the cluster, such as `cluster "prod"`.
        namespace: the default namespace, for those who ask; the verbs take theirs explicitly.
    """

    def __init__(
        self, load: Callable[[], Endpoint], name: str = "the cluster", namespace: str = "default"
    ) -> None:
        self.name = name
        self.namespace = namespace
        self._transport = Transport(load)
        self._discovery = Discovery(self._transport, Asked(name, "read"))

    @classmethod
    def at(cls, server: str, name: str = "the cluster", namespace: str = "default") -> "Cluster":
        """The cluster at an address that asks for no credentials."""
        endpoint = Endpoint(server=server.rstrip("/"))
        return cls(lambda: endpoint, name, namespace)

    def get(self, resource: Resource, namespace: str | None, name: str) -> Object:
        """One object; NotFound where there is none."""
        asked = Asked(self.name, "read", resource, namespace, name)
        return self._transport.json(Request(asked, "GET", _path(resource, asked)))

    def list(
        self, resource: Resource, namespace: str | None = None, labels: str = "", fields: str = ""
    ) -> Iterator[Object]:
        """The objects of a namespace (None: of all) that match the selectors.

        They come page by page while one iterates: project what is needed and drop the rest, so that
        ten thousand pods do not stay in memory.
        """
        asked = Asked(self.name, "list", resource, namespace)
        for page in pages(self._transport, Selection(asked, resource, namespace, labels, fields)):
            yield from page.objects
            page.objects.clear()  # or it would be in memory beside the next

    def create(
        self, resource: Resource, namespace: str | None, body: Mapping[str, Any], dry_run: bool = False
    ) -> Object:
        """Create an object and give it back as stored; Conflict where the name is taken.

        Unknown fields are refused (SpecError). With `dry_run` everything is checked and nothing stored.
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
        """Change an object (or its `subresource`) and give it back; `kind` is MERGE, JSON or STRATEGIC.

        With `metadata.resourceVersion` in a merge patch it is a Conflict when the object changed meanwhile.
        """
        asked = Asked(self.name, "change", resource, namespace, name)
        path = _path(resource, asked) + (f"/{subresource}" if subresource else "")
        query = {"fieldManager": "arena", "fieldValidation": "Strict"}
        return self._transport.json(Request(asked, "PATCH", path, query, body, f"application/{kind}+json"))

    def delete(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        uid: str | None = None,
        propagation: str = "Background",
        grace: int | None = None,
    ) -> None:
        """Delete an object, with `uid` only that very one (else Conflict); NotFound where there is none.

        `grace` is in seconds, None for the object's own. The object may still be there afterwards, ending.
        """
        asked = Asked(self.name, "delete", resource, namespace, name)
        body: Object = {"propagationPolicy": propagation}
        if uid:
            body["preconditions"] = {"uid": uid}
        if grace is not None:
            body["gracePeriodSeconds"] = grace
        self._transport.json(Request(asked, "DELETE", _path(resource, asked), body=body))

    def watch(
        self,
        resource: Resource,
        namespace: str | None = None,
        labels: str = "",
        fields: str = "",
        version: str | None = None,
    ) -> Watch:
        """Endless (type, object) pairs, type ADDED, MODIFIED or DELETED; see `Watch`.

        Without `version` all objects that are there come first, as ADDED; with it, what changed since.
        """
        asked = Asked(self.name, "watch", resource, namespace)
        return Watch(self._transport, Selection(asked, resource, namespace, labels, fields), version)

    def logs(self, namespace: str, pod: str, query: LogQuery = streams.WHOLE) -> Lines:
        """The lines of a container's log as bytes, without their ends; NotFound before it has any."""
        return streams.logs(self._transport, Asked(self.name, "read the log of", PODS, namespace, pod), query)

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
        query = {"command": list(command), **streams.channels(container, stdin, tty)}
        return streams.terminal(
            self._transport, Asked(self.name, "run a command in", PODS, namespace, pod), query, "exec"
        )

    def attach(
        self, namespace: str, pod: str, container: str = "", stdin: bool = False, tty: bool = False
    ) -> Terminal:
        """Join the main process of a container."""
        query = streams.channels(container, stdin, tty)
        return streams.terminal(
            self._transport, Asked(self.name, "attach to", PODS, namespace, pod), query, "attach"
        )

    def forward(self, namespace: str, pod: str, port: int, local: int = 0) -> Forward:
        """Listen on a loopback port (`local`, 0: any free one) and carry its connections to a pod's port."""
        return Forward(
            self._transport, Asked(self.name, "reach a port of", PODS, namespace, pod), port, local
        )

    def metrics(self, plural: str, namespace: str | None = None, labels: str = "") -> Iterator[Object]:
        """What `pods` or `nodes` use now; MissingOperator where nothing measures it."""
        kind = {"pods": "PodMetrics", "nodes": "NodeMetrics"}[plural]
        return self.list(
            Resource("metrics.k8s.io", "v1beta1", plural, plural == "pods", kind), namespace, labels
        )

    def serves(self, resource: Resource) -> bool:
        """Whether the cluster knows a resource type in exactly this version."""
        return self._discovery.serves(resource.group, resource.version, resource.plural)

    def knows(self, resource: Resource) -> bool:
        """Whether the spec of a served type has `resource.field`; yes where the cluster does not tell."""
        if not resource.field or (
            resource.sibling and self.serves(resource._replace(plural=resource.sibling))
        ):
            return True
        fields = self._discovery.fields(resource.group, resource.version, resource.kind)
        return fields is None or resource.field in fields

    def served(self, group: str, plural: str) -> str | None:
        """The version in which the cluster prefers to serve a type; None where it does not know it."""
        return self._discovery.version(group, plural)

    def need(self, resource: Resource) -> None:
        """Raise MissingOperator unless the cluster serves the type."""
        if not self.serves(resource):
            raise faults.missing_operator(self.name, resource)


def _path(resource: Resource, asked: Asked) -> str:
    """The path of one object; NotFound for a name that would lead to another one or to all of them."""
    for name in (asked.name or "", asked.namespace or "default"):
        if not _SEGMENT.fullmatch(name):
            raise NotFound(f'nothing can be called "{name}"', "check the name")
    return resource.path(asked.namespace, asked.name)
