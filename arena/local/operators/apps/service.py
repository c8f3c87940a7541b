"""Service: its Endpoints list the pods behind it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from arena.digits import whole
from arena.local.machinery import pod_status
from arena.local.machinery.operator import Key, Operator, of_kind
from arena.local.machinery.writes import reference
from arena.local.objects import ENDPOINTS, PODS, SERVICES, Object, Objects, WatchEvent, key

T = TypeVar("T")
Numbers = tuple[tuple[str, int, str], ...]
"""The ports of one pod for one Service: (name, number, protocol)."""


def operator() -> Operator:
    """The operator that keeps Endpoints."""
    selectors = ServiceSelectors()
    inner = of_kind(SERVICES, reconcile, owns=(ENDPOINTS,), related={PODS: selectors.of_pod})

    def keys(objects: Objects, change: WatchEvent) -> Iterable[Key]:
        selectors.note(change)
        return inner.keys(objects, change)

    return replace(inner, keys=keys, forget=selectors.forget)


class ServiceSelectors:
    """The Services that select a pod or did, from the watch: a change of a pod must not read all Services.

    A Service that is not known yet is handled as soon as the watch reports it.
    """

    def __init__(self) -> None:
        self._selectors: dict[str, dict[Key, Object]] = defaultdict(dict)
        self._members: dict[str, dict[Key, set[str]]] = defaultdict(dict)

    def forget(self) -> None:
        """Forget all Services until a new watch lists them: the last one may have missed deletions."""
        self._selectors.clear()
        self._members.clear()

    def note(self, change: WatchEvent) -> None:
        """Record what a Service selects, or its pods."""
        obj = {} if change.type == "DELETED" else change.object
        item = key(change.object)
        if change.resource == SERVICES:
            _keep(self._selectors[item[0]], item, (obj.get("spec") or {}).get("selector"))
        elif change.resource == ENDPOINTS:
            _keep(self._members[item[0]], item, {one["targetRef"]["uid"] for one in _addresses(obj)})

    def of_pod(self, _: Objects, pod: Object) -> list[Key]:
        """The Services that select the pod, or have it among their Endpoints."""
        namespace, labels = key(pod)[0], pod["metadata"].get("labels") or {}
        selectors = [
            item
            for item, selector in self._selectors[namespace].items()
            if selector.items() <= labels.items()
        ]
        uid = pod["metadata"]["uid"]
        return [*selectors, *(item for item, uids in self._members[namespace].items() if uid in uids)]


def _keep(known: dict[Key, T], item: Key, value: T | None) -> None:
    if value:
        known[item] = value
    else:
        known.pop(item, None)


def _addresses(endpoints: Object) -> Iterator[Object]:
    """The addresses that belong to pods."""
    for subset in endpoints.get("subsets") or []:
        for group in ("addresses", "notReadyAddresses"):
            yield from (one for one in subset.get(group) or [] if (one.get("targetRef") or {}).get("uid"))


def reconcile(objects: Objects, service: Object, now: datetime) -> float | None:
    """Keep the Endpoints of a Service with a selector, which have its name and are owned by it."""
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
    return pod_status.is_active(pod) and bool((pod.get("status") or {}).get("podIP"))


def _subsets(service: Object, pods: list[Object]) -> list[Object]:
    """Group the pods by their ports, and within a group by readiness."""
    groups: dict[Numbers, list[Object]] = defaultdict(list)
    for pod in pods:
        numbers = _numbers(service, pod)
        if numbers or service["spec"].get("clusterIP") == "None":
            groups[numbers].append(pod)
    return [_subset(service, numbers, groups[numbers]) for numbers in sorted(groups)]


def _subset(service: Object, numbers: Numbers, pods: list[Object]) -> Object:
    every = bool(service["spec"].get("publishNotReadyAddresses"))
    ordered = sorted(pods, key=lambda pod: key(pod)[1])
    ready = [_address(pod) for pod in ordered if every or pod_status.is_ready(pod)]
    others = [_address(pod) for pod in ordered if not (every or pod_status.is_ready(pod))]
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
    """The pod's port for a Service's port; None if the pod has no port of that name."""
    target = port.get("targetPort") or port["port"]
    if (number := whole(str(target))) is not None:
        return number
    for container in pod["spec"]["containers"]:
        for one in container.get("ports") or []:
            if one.get("name") == target:
                return int(one["containerPort"])
    return None
