"""The operator of the proxy: it decides on which ports the proxy listens, and where connections go.

`machinery/traffic.py` says how other operators direct the traffic. On a real cluster Services have no
allotted ports, and nothing listens.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from arena.local.machinery import traffic
from arena.local.machinery.clock import now as present
from arena.local.machinery.clock import stamp
from arena.local.machinery.loopback import allotted_ports, allotted_token
from arena.local.machinery.operator import Key, Operator
from arena.local.machinery.traffic import Share
from arena.local.machinery.writes import event
from arena.local.objects import (
    DEMAND,
    ENDPOINTS,
    HOLD,
    PODS,
    SERVICES,
    TRAFFIC,
    Object,
    Objects,
    Refused,
    WatchEvent,
    key,
)
from arena.local.programs.proxy import routes
from arena.local.programs.proxy.control import Proxy
from arena.local.programs.proxy.routes import Backend, Group, Route

log = logging.getLogger(__name__)

AGAIN = 5.0
"""Seconds until a port that another program uses is tried again."""


def operator() -> Operator:
    """The operator that keeps the proxy's table."""
    keeper = _Keeper()
    watches = (SERVICES, ENDPOINTS)
    inner = Operator("proxy", watches, keeper.keys, keeper.reconcile, forget=keeper.forget)
    return replace(inner, open=keeper.open, close=keeper.close)


class _Keeper:
    """Keeps the proxy's table, and which Services have a share of the traffic of others."""

    def __init__(self) -> None:
        self._proxy = Proxy(self._call)
        self._objects: Objects | None = None
        self._sharers: dict[Key, set[Key]] = defaultdict(set)
        """The Services whose traffic a Service has a share of."""
        traffic.publish(self._proxy.traffic)

    def open(self, objects: Objects, folder: str) -> None:
        """Adopt the proxy of an earlier server."""
        self._objects = objects
        self._proxy.open(folder)

    def forget(self) -> None:
        """Drop the Services whose end went unseen: before this server, or while the watch was lost."""
        for namespace, name in self._proxy.services():
            if self._objects and self._objects.get(SERVICES, name, namespace) is None:
                self._note((namespace, name), [])
                self._proxy.set((namespace, name), {})

    def close(self) -> None:
        """End the proxy."""
        self._proxy.close()

    def keys(self, _: Objects, change: WatchEvent) -> Iterable[Key]:
        """The Services whose routes a change affects."""
        item = key(change.object)
        return [item, *self._sharers.get(item, ())]

    def reconcile(self, objects: Objects, item: Key, now: datetime) -> float | None:
        """Listen for a Service as it is now."""
        namespace, name = item
        service = objects.get(SERVICES, name, namespace)
        if service is None:
            self._note(item, [])
            self._proxy.set(item, {})
            return None
        self._objects = objects
        shares, hold = _wishes(objects, service, now)
        self._note(item, shares)
        taken = self._proxy.set(item, table(objects, service, shares, hold))
        for port in taken:
            message = f"port {port} of this machine is in use by another program"
            event(objects, (SERVICES, service), now, "Warning", "PortConflict", message)
        return AGAIN if taken else None

    def _note(self, item: Key, shares: list[Share]) -> None:
        others = {(item[0], one.service) for one in shares} - {item}
        for other in [one for one, sharers in self._sharers.items() if item in sharers and one not in others]:
            self._sharers[other].discard(item)
            if not self._sharers[other]:
                del self._sharers[other]
        for other in others:
            self._sharers[other].add(item)

    def _call(self, service: Key) -> None:
        """A request waits for a pod of a Service: tell whoever watches it."""
        if self._objects:
            namespace, name = service
            change = {"metadata": {"annotations": {DEMAND: stamp(present())}}}
            try:
                self._objects.patch(SERVICES, name, change, namespace)
            except Refused as refusal:
                log.info("nobody hears that a request waits for %s/%s: %s", namespace, name, refusal)


def _wishes(objects: Objects, service: Object, now: datetime) -> tuple[list[Share], float]:
    """What the annotations of a Service ask for; an Event reports one that cannot be read."""
    shares: list[Share] = []
    hold = 0.0
    try:
        hold = traffic.hold(service)
    except ValueError as why:
        event(objects, (SERVICES, service), now, "Warning", "InvalidHold", f"annotation {HOLD}: {why}")
    try:
        shares = traffic.shares(service)
    except ValueError as why:
        event(objects, (SERVICES, service), now, "Warning", "InvalidTraffic", f"annotation {TRAFFIC}: {why}")
    return shares, hold


def table(
    objects: Objects, service: Object, shares: Iterable[Share] = (), hold: float = 0
) -> dict[int, Route]:
    """The routes of the ports to listen on for a Service; empty for a headless one.

    Args:
        objects: the API.
        service: the Service.
        shares: how its traffic is split; () for its own pods alone.
        hold: the seconds for which requests wait for a pod.
    """
    allotted = allotted_ports(service)
    if service["spec"].get("clusterIP") == "None" or not allotted:
        return {}
    found: dict[int, Route] = {}
    for port in service["spec"].get("ports") or []:
        if port.get("protocol", "TCP") == "TCP" and port["port"] in allotted:
            protocol = _protocol(port)
            token = allotted_token(service) if protocol == routes.PAGES else ""
            groups = tuple(_groups(objects, service, port, list(shares)))
            found[allotted[port["port"]]] = Route(groups, protocol, token, hold, port["port"])
    return found


def _protocol(port: Object) -> str:
    """How a port is served: by its appProtocol, or by its name, as service meshes do."""
    name, declared = str(port.get("name") or ""), port.get("appProtocol")
    if declared == "http":
        return routes.PAGES
    if declared == "kubernetes.io/ws" or (not declared and (name == "http" or name.startswith("http-"))):
        return routes.HTTP
    return routes.TCP


def _groups(objects: Objects, service: Object, port: Object, shares: list[Share]) -> Iterator[Group]:
    """The groups among which the traffic of a port is split."""
    namespace, name = key(service)
    if not shares:
        yield Group(name, 1, tuple(_backends(objects, key(service), port)))
    merged: dict[tuple[str, int], int] = defaultdict(int)
    for one in shares:
        merged[one.service, one.port] += one.weight
    for (other, number), weight in merged.items():
        there = objects.get(SERVICES, other, namespace)
        theirs = _port_of(there, port, number) if there else None
        found = tuple(_backends(objects, (namespace, other), theirs)) if theirs else ()
        yield Group(f"{other}:{number}" if number else other, weight, found)


def _port_of(service: Object, port: Object, number: int) -> Object | None:
    """The port of a Service that gets the traffic of another's."""
    ports: list[Object] = service["spec"].get("ports") or []
    if number:
        return next((one for one in ports if one["port"] == number), None)
    same = [one for one in ports if one.get("name") == port.get("name")]
    return next(iter(same or (ports if len(ports) == 1 else [])), None)


def _backends(objects: Objects, item: Key, port: Object) -> Iterator[Backend]:
    """The ready pods behind a Service's port."""
    namespace, name = item
    wanted = port.get("name") or ""
    for subset in (objects.get(ENDPOINTS, name, namespace) or {}).get("subsets") or []:
        for one in subset.get("ports") or []:
            if (one.get("name") or "") == wanted:
                for address in subset.get("addresses") or []:
                    yield _backend(objects, namespace, address["targetRef"]["name"], one["port"])


def _backend(objects: Objects, namespace: str, pod: str, declared: int) -> Backend:
    there = objects.get(PODS, pod, namespace)
    own = allotted_ports(there).get(declared) if there else None
    folder = allotted_token(there) if there else ""
    return Backend((own, declared) if own else (declared,), f"/{folder}" if folder else "", pod)
