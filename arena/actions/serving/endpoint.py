"""The way to a serving: its URL as this machine reaches it, if need be through a forwarded port."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from arena.errors import NotFound, Unreachable, aimed
from arena.kinds.serving.base import addresses
from arena.kinds.workload import instances
from arena.model.servings import Serving
from arena.resources import PODS, SERVICES
from arena.values import frozen, replace

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session

Object = Mapping[str, Any]
_FORWARDED = "requests go through the cluster's API server, which adds to their latency"


@frozen
class Way:
    """How to reach a serving."""

    url: str
    protocol: str = ""
    """The protocol of its requests; "" if it is not known."""
    model: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    """Headers that requests need on this way, such as Host."""
    remark: str = ""
    """What the user should know of the way; "" if nothing."""


@contextmanager
def endpoint(session: Session, serving: Serving, *, directly: bool = False) -> Iterator[Way]:
    """The way to a serving for the block.

    On the local cluster this is the port that its Service has on the loopback; in a pod of the cluster, the
    address of its Service; elsewhere a port of this machine that leads to the pods which are ready now, in
    turn, and ends with the block.

    Args:
        directly: always take the latter, since Services may lead to other instances, too.

    Raises:
        Unreachable: it has no port for HTTP, or no instance is ready.
        NotAllowed: the user may not forward ports.
    """
    way = Way(url="", protocol=serving.protocol, model=serving.model)
    local = next((one.local_port for one in serving.endpoints if one.is_http and one.local_port), 0)
    if local and not directly:
        try:
            yield replace(way, url=f"http://127.0.0.1:{local}")
        except Unreachable as error:
            raise (error if serving.available else _unready(serving)) from error
        return
    if session.is_local and serving.url and not directly:
        yield replace(way, url=serving.url)
        return
    cluster = session.cluster()
    pods = _ready(cluster, serving)
    service, port = _service(cluster, serving, pods[0])
    if session.origin.kind == "in-cluster" and service and not directly:
        host = f"{service['metadata']['name']}.{serving.namespace}.svc"
        yield replace(way, url=f"http://{host}:{port['port']}")
        return
    names = deque(one["metadata"]["name"] for one in pods)

    def turn() -> list[str]:
        names.rotate()
        return list(names)

    with cluster.forward(serving.namespace, turn, addresses.pod_port(port, pods[0])) as forward:
        try:
            yield replace(way, url=f"http://127.0.0.1:{forward.port}", remark=_FORWARDED)
        except Unreachable as error:
            if forward.last_fault is not None:
                raise forward.last_fault from error
            raise


def _ready(cluster: Cluster, serving: Serving) -> list[Object]:
    """The pods of the serving that are ready, at least one, the newest first."""
    newest_first = sorted(serving.instances, key=lambda one: str(one.created or ""), reverse=True)
    found: list[Object] = []
    for one in newest_first:
        with suppress(NotFound):
            found.append(cluster.get(PODS, serving.namespace, one.name))
    ready = [one for one in found if instances.is_ready(one)]
    if not ready:
        raise _unready(serving)
    return ready


def _unready(serving: Serving) -> Unreachable:
    title = f'serving "{serving.name}"' + (f" of version {serving.version}" if serving.version else "")
    hint = f"arena serve get {aimed(serving.name, serving.namespace)} shows why"
    return Unreachable(f"{title} has no instance that is ready", hint)


def _service(cluster: Cluster, serving: Serving, pod: Object) -> tuple[Object | None, Object]:
    """A Service that selects the pod, with its port for HTTP; a port of the pod itself if there is none."""
    own = pod["metadata"].get("labels") or {}
    usual = f"{serving.name}-{serving.version}"
    there = sorted(
        cluster.list(SERVICES, serving.namespace), key=lambda one: one["metadata"]["name"] != usual
    )
    for service in there:
        spec = service.get("spec") or {}
        selector = spec.get("selector") or {}
        if selector and selector.items() <= own.items() and (port := _http(spec.get("ports") or ())):
            return service, port
    for container in pod["spec"]["containers"]:
        if port := _http(container.get("ports") or ()):
            return None, {"port": port["containerPort"]}
    raise Unreachable(f'serving "{serving.name}" has no port for HTTP', "give its address with --url")


def _http(ports: Any) -> Object | None:
    """The port for HTTP: the one that is named so, or the only one that is not named otherwise."""
    named = [one for one in ports if str(one.get("name") or "").startswith(("http", "h2c"))]
    serving = [one for one in named if one["name"] != "http-metrics"]
    unnamed = [one for one in ports if not str(one.get("name") or "").startswith(("grpc", "http-metrics"))]
    return next(iter(serving or unnamed), None)
