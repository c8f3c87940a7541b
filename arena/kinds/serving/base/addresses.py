"""The address and the ports of a serving, from the Services in front of its pods."""

from collections.abc import Mapping, Sequence
from typing import Any

from arena import foreign_json, labels
from arena.model.servings import Endpoint, Serving
from arena.values import replace

Object = Mapping[str, Any]
_PORTS = ("http-serving", "grpc-serving", "http-metrics")


def located(found: Serving, services: Sequence[Object]) -> Serving:
    """The serving with its address and ports.

    Args:
        services: the Services of its namespace that belong to servings.
    """
    own = [one for one in services if _serves(one, found)]
    if not own:
        return found
    service = min(own, key=lambda one: one["metadata"]["name"] != f"{found.name}-{found.version}")
    ports = endpoints(service)
    return replace(found, endpoints=ports, address=found.address or address(service, ports))


def _serves(service: Object, found: Serving) -> bool:
    own = service["metadata"].get("labels") or {}
    return (own.get(labels.SERVING_NAME), own.get(labels.SERVING_VERSION)) == (found.name, found.version)


def endpoints(service: Object) -> tuple[Endpoint, ...]:
    """The ports of a Service, those for HTTP first."""
    local = _local_ports(service)
    found = [
        Endpoint(
            name=one.get("name") or "",
            port=int(one["port"]),
            node_port=int(one.get("nodePort") or 0),
            local_port=local.get(int(one["port"]), 0),
        )
        for one in (service.get("spec") or {}).get("ports") or ()
    ]
    order = {name: number for number, name in enumerate(_PORTS)}
    return tuple(sorted(found, key=lambda one: order.get(one.name, len(order))))


def _local_ports(service: Object) -> dict[int, int]:
    """Declared port -> port on the loopback, on a local cluster."""
    text = (service["metadata"].get("annotations") or {}).get(labels.LOCAL_PORTS)
    try:
        return {int(port): int(real) for port, real in foreign_json.loads(text or "{}").items()}
    except (ValueError, AttributeError, TypeError):
        return {}


def address(service: Object, ports: Sequence[Endpoint]) -> str:
    """Where clients find a Service: a URL on the loopback, its load balancer, or its IP in the cluster."""
    if local := next((one for one in ports if one.local_port), None):
        scheme = "http://" if local.is_http else ""
        return f"{scheme}127.0.0.1:{local.local_port}"
    for ingress in ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ():
        if found := ingress.get("ip") or ingress.get("hostname"):
            return str(found)
    cluster = (service.get("spec") or {}).get("clusterIP") or ""
    return "" if cluster == "None" else str(cluster)


def pod_port(port: Object, pod: Object) -> int:
    """The number of a pod's port to which a Service's port leads.

    Args:
        pod: the pod, or a template of it.
    """
    wanted = port.get("targetPort") or port["port"]
    if isinstance(wanted, int):
        return wanted
    named = {
        one.get("name"): one["containerPort"]
        for container in (pod.get("spec") or {}).get("containers") or ()
        for one in container.get("ports") or ()
    }
    return int(named.get(wanted) or port["port"])
