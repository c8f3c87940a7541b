"""A port of this machine that leads to the ready instances of a serving, in turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from arena import kinds
from arena.actions.jobs import find as jobs
from arena.actions.serving import find, listing, traffic
from arena.actions.serving.find import Found
from arena.actions.watches import Source, Watching
from arena.errors import SpecError
from arena.kinds.kind import Kind
from arena.kinds.serving import FAMILY
from arena.kinds.serving.base import addresses
from arena.kinds.workload import instances
from arena.resources import PODS

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.kube.forwards import Forward
    from arena.session import Session

Object = Mapping[str, Any]
PATIENCE = 30.0
"""Seconds for which a connection waits for a ready instance."""


class Ready:
    """The names of the ready pods, each time with another one first."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._turn = 0
        self._changed = threading.Condition()

    def learn(self, pods: Sequence[Object]) -> int:
        """Note which pods are ready now; return their number."""
        with self._changed:
            self._names = sorted(one["metadata"]["name"] for one in pods if instances.is_ready(one))
            self._changed.notify_all()
            return len(self._names)

    def next(self) -> list[str]:
        """All ready pods, beginning with the one whose turn it is; waits for one if there is none."""
        end = time.monotonic() + PATIENCE
        with self._changed:
            while not self._names and (left := end - time.monotonic()) > 0:
                self._changed.wait(left)
            if not self._names:
                return []
            self._turn = (self._turn + 1) % len(self._names)
            return self._names[self._turn :] + self._names[: self._turn]


class Forwarding:
    """A forwarded port, and what is known of the instances behind it."""

    def __init__(self, opened: Forward, watching: Watching, ready: Ready, *, is_http: bool) -> None:
        self.address = f"{'http://' if is_http else ''}127.0.0.1:{opened.port}"
        """The local port, as URL if it is for HTTP."""
        self.number = 0
        """The number of ready instances."""
        self._watching, self._ready, self._opened = watching, ready, opened
        self.learn()

    def learn(self) -> None:
        """Note what has changed."""
        self.number = self._ready.learn(self._watching.objects(0))

    def wait(self, seconds: float) -> None:
        """Follow the instances for some seconds, or until something changes."""
        if self._watching.wait(seconds):
            self.learn()

    @property
    def last_fault(self) -> str:
        """The last error of a connection; "" if there was none."""
        return str(self._opened.last_fault or "")


@contextmanager
def forward(
    session: Session,
    name: str,
    *,
    port: str = "",
    local: int = 0,
    version: str = "",
    kind: Kind | str | None = None,
) -> Iterator[Forwarding]:
    """Forward a port of this machine to the ready instances of a serving for the block.

    Each connection goes to the next ready instance, and waits for one if there is none. `wait` must be
    called repeatedly, since it learns which instances are ready.

    Args:
        port: the name or number of a port of its Service; by default that for HTTP.
        local: the local port; 0 for any free one.
        version: required if it has several.
        kind: required if several kinds have a serving of that name.

    Raises:
        NotFound: there is no such serving.
        SpecError: it has no such port, or the local port is taken.
    """
    cluster, namespace = session.cluster(), session.namespace
    found = find.one(cluster, namespace, name, version=version, kind=kinds.named(kind, FAMILY))
    labels, ports = _behind(cluster, found)
    chosen = _chosen(ports, port, found)
    ready = Ready()
    with Watching(cluster, [Source(PODS, namespace, labels)]) as watching:
        ready.learn(watching.objects(0))
        pod = next(iter(watching.objects(0)), None) or found.obj["spec"].get("template") or {}
        target = addresses.pod_port(chosen, pod)
        with cluster.forward(namespace, ready.next, target, local) as opened:
            is_http = str(chosen.get("name") or "http").startswith("http")
            yield Forwarding(opened, watching, ready, is_http=is_http)


def _behind(cluster: Cluster, found: Found) -> tuple[str, list[Object]]:
    """The selector of the pods that answer, and the ports at which they do."""
    services = list(listing.services(cluster, found.serving.namespace))
    service = traffic.service_of(services, found.serving.name, found.serving.version)
    if service and (selector := service["spec"].get("selector")):
        return jobs.selector(selector), list(service["spec"].get("ports") or ())
    template = found.obj["spec"].get("template") or {}
    containers = (template.get("spec") or {}).get("containers") or ()
    ports: list[Object] = [
        {"name": one.get("name") or "", "port": one["containerPort"]}
        for container in containers
        for one in container.get("ports") or ()
    ]
    return jobs.pod_selector(found.kind, found.obj), ports


def _chosen(ports: Sequence[Object], word: str, found: Found) -> Object:
    """The requested port, by default that for HTTP, else the first one."""
    if word:
        same = [one for one in ports if word in (one.get("name"), str(one["port"]))]
        if not same and word.isdigit():
            return {"port": int(word)}
    else:
        http = [one for one in ports if str(one.get("name") or "").startswith("http")]
        same = [one for one in http if one["name"] != "http-metrics"] or list(ports)
    if not same:
        known = ", ".join(f"{one.get('name') or one['port']}" for one in ports) or "none"
        text = f'serving "{found.serving.title}" has no port {word}'.rstrip()
        raise SpecError(text, f"its ports are {known}; give the number of another with --remote-port")
    return same[0]
