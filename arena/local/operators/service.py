"""Service: which pods stand behind it, as Endpoints."""

from collections import defaultdict
from datetime import datetime

from arena.local.objects import ENDPOINTS, PODS, SERVICES, Object, Objects, key
from arena.local.operators import pods as facts
from arena.local.operators.operator import Key, Operator, of_kind
from arena.local.operators.writes import reference

Numbers = tuple[tuple[str, int, str], ...]
"""The ports of one pod for one Service: (name, number, protocol)."""


def operator() -> Operator:
    """The operator that keeps Endpoints."""
    return of_kind(SERVICES, reconcile, owns=(ENDPOINTS,), related={PODS: _of_pod})


def _of_pod(objects: Objects, pod: Object) -> list[Key]:
    """The Services that select the pod."""
    namespace = key(pod)[0]
    return [key(one) for one in objects.list(SERVICES, namespace) if _selects(one, pod)]


def _selects(service: Object, pod: Object) -> bool:
    selector = (service.get("spec") or {}).get("selector") or {}
    labels = pod["metadata"].get("labels") or {}
    return bool(selector) and all(labels.get(name) == value for name, value in selector.items())


def reconcile(objects: Objects, service: Object, now: datetime) -> float | None:
    """Endpoints of the name of the Service, owned by it; none for a Service without selector."""
    selector = service["spec"].get("selector") or {}
    if not selector or service["spec"].get("type") == "ExternalName":
        return None
    namespace, name = key(service)
    wanted = ",".join(f"{label}={value}" for label, value in selector.items())
    pods = [pod for pod in objects.list(PODS, namespace, wanted) if _counts(pod)]
    subsets = _subsets(service, pods)
    there = objects.get(ENDPOINTS, name, namespace)
    if there is None:
        body = {
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": {
                "name": name,
                "labels": dict(service["metadata"].get("labels") or {}),
                "ownerReferences": [reference(SERVICES, service)],
            },
            "subsets": subsets,
        }
        objects.create(ENDPOINTS, body, namespace)
    elif (there.get("subsets") or []) != subsets:
        objects.patch(ENDPOINTS, name, {"subsets": subsets}, namespace)
    return None


def _counts(pod: Object) -> bool:
    return facts.is_active(pod) and bool((pod.get("status") or {}).get("podIP"))


def _subsets(service: Object, pods: list[Object]) -> list[Object]:
    """The pods, together where their ports are alike, ready ones apart from the others."""
    groups: dict[Numbers, list[Object]] = defaultdict(list)
    for pod in pods:
        numbers = _numbers(service, pod)
        if numbers or service["spec"].get("clusterIP") == "None":
            groups[numbers].append(pod)
    return [_subset(service, numbers, groups[numbers]) for numbers in sorted(groups)]


def _subset(service: Object, numbers: Numbers, pods: list[Object]) -> Object:
    every = bool(service["spec"].get("publishNotReadyAddresses"))
    ordered = sorted(pods, key=lambda pod: key(pod)[1])
    ready = [_address(pod) for pod in ordered if every or facts.is_ready(pod)]
    others = [_address(pod) for pod in ordered if not (every or facts.is_ready(pod))]
    found: Object = {"addresses": ready} if ready else {}
    if others:
        found["notReadyAddresses"] = others
    if numbers:
        found["ports"] = [
            {**({"name": name} if name else {}), "port": number, "protocol": protocol}
            for name, number, protocol in numbers
        ]
    return found


def _address(pod: Object) -> Object:
    namespace, name = key(pod)
    target = {"kind": "Pod", "namespace": namespace, "name": name, "uid": pod["metadata"]["uid"]}
    return {"ip": pod["status"]["podIP"], "nodeName": pod["spec"].get("nodeName"), "targetRef": target}


def _numbers(service: Object, pod: Object) -> Numbers:
    found = []
    for port in service["spec"].get("ports") or []:
        number = _target(port, pod)
        if number is not None:
            found.append((str(port.get("name") or ""), number, str(port.get("protocol") or "TCP")))
    return tuple(found)


def _target(port: Object, pod: Object) -> int | None:
    """The pod's port behind a Service's port; None when the pod has none of that name."""
    target = port.get("targetPort") or port["port"]
    if isinstance(target, int) or str(target).isdigit():
        return int(target)
    for container in pod["spec"]["containers"]:
        for one in container.get("ports") or []:
            if one.get("name") == target:
                return int(one["containerPort"])
    return None
