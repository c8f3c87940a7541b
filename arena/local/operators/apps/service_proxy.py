"""The operator of the loopback proxy: it decides on which ports the proxy listens, and where connections go.

On a real cluster Services have no allotted ports, and nothing listens.
"""

from datetime import datetime

from arena.local.machinery.loopback import allotted_ports, allotted_token
from arena.local.machinery.operator import Key, Operator, of_kind
from arena.local.machinery.writes import event
from arena.local.objects import ENDPOINTS, PODS, SERVICES, Object, Objects, key
from arena.local.programs.http_proxy import Backend, Route
from arena.local.programs.proxy import Proxy

AGAIN = 5.0
"""Seconds until a port that another program uses is tried again."""


def operator() -> Operator:
    """The operator that keeps the proxy's table."""
    proxy = Proxy()

    def reconcile(objects: Objects, service: Object, now: datetime) -> float | None:
        taken = proxy.set(key(service), table(objects, service))
        for port in taken:
            message = f"port {port} of this machine is in use by another program"
            event(objects, (SERVICES, service), now, "Warning", "PortConflict", message)
        return AGAIN if taken else None

    inner = of_kind(SERVICES, reconcile, related={ENDPOINTS: lambda objects, one: [key(one)]})

    def run(objects: Objects, item: Key, now: datetime) -> float | None:
        if objects.get(SERVICES, item[1], item[0]) is None:
            proxy.set(item, {})
        return inner.reconcile(objects, item, now)

    return Operator("proxy", inner.watches, inner.keys, run, close=proxy.close)


def table(objects: Objects, service: Object) -> dict[int, Route]:
    """The ports to listen on for a Service, each with its ready pods; empty for a headless one."""
    allotted = allotted_ports(service)
    if service["spec"].get("clusterIP") == "None" or not allotted:
        return {}
    namespace, name = key(service)
    subsets = (objects.get(ENDPOINTS, name, namespace) or {}).get("subsets") or []
    found: dict[int, Route] = {}
    for port in service["spec"].get("ports") or []:
        wanted = port.get("name") or ""
        if port.get("protocol", "TCP") == "TCP" and port["port"] in allotted:
            backends = [
                _backend(objects, namespace, address["targetRef"]["name"], one["port"])
                for subset in subsets
                for one in subset.get("ports") or []
                if (one.get("name") or "") == wanted
                for address in subset.get("addresses") or []
            ]
            token = allotted_token(service) if port.get("appProtocol") == "http" else ""
            found[allotted[port["port"]]] = Route(backends, token)
    return found


def _backend(objects: Objects, namespace: str, pod: str, declared: int) -> Backend:
    there = objects.get(PODS, pod, namespace)
    own = allotted_ports(there).get(declared) if there else None
    folder = allotted_token(there) if there else ""
    return Backend((own, declared) if own else (declared,), f"/{folder}" if folder else "")
