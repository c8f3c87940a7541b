"""The scheduler: it binds pods to nodes with free resources, by priority and then by age.

It handles every pod, whatever scheduler the pod names, because there is no other one. Affinity between pods
and preemption are not implemented; with a single node, affinity has no effect.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from arena.local.machinery import conditions, pod_status
from arena.local.machinery.conditions import Condition
from arena.local.machinery.operator import Key, Operator
from arena.local.machinery.quantities import Quantities, pod_requests, quantities
from arena.local.machinery.writes import event
from arena.local.objects import (
    NODES,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    Object,
    Objects,
    Refused,
    Resource,
    WatchEvent,
    key,
)
from arena.local.operators.core.predicates import obstacles

PRIORITY_CLASSES = Resource("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", False)

PASS: Key = ("all",)
"""The only key: a pass handles all waiting pods, because their order matters."""

SCHEDULED = "PodScheduled"

AGAIN = 1.0
"""Seconds until the next pass when a pod changed during this one."""


def operator() -> Operator:
    """The scheduler."""
    one = Scheduler()
    watches = (PODS, NODES, PERSISTENT_VOLUME_CLAIMS)
    return Operator("scheduler", watches, one.keys, one.reconcile, forget=one.forget)


class Scheduler:
    """Remembers the pods that have not ended: a pass must not read all pods that ever ran."""

    def __init__(self) -> None:
        self._pods: dict[str, Object] | None = None

    def forget(self) -> None:
        """List all pods in the next pass."""
        self._pods = None

    def keys(self, objects: Objects, change: WatchEvent) -> Iterable[Key]:
        """Ask for a pass after each change that may let a pod be bound: of pods, nodes and claims."""
        if change.resource != PODS:
            return [PASS]
        gone = change.type == "DELETED" or pod_status.is_finished(change.object)
        if self._pods is not None:
            self._remember(self._pods, change.object, gone)
        return [PASS] if gone or _waits(change.object) else []

    def _remember(self, pods: dict[str, Object], pod: Object, gone: bool = False) -> None:
        uid = pod["metadata"]["uid"]
        if gone:
            pods.pop(uid, None)
        # The watch may still deliver a state from before a pass wrote.
        elif uid not in pods or _version(pods[uid]) <= _version(pod):
            pods[uid] = pod

    def reconcile(self, objects: Objects, item: Key, now: datetime) -> float | None:
        """Bind the pods that fit, and report why the others do not."""
        if self._pods is None:
            found = (pod for pod in objects.list(PODS) if not pod_status.is_finished(pod))
            self._pods = {pod["metadata"]["uid"]: pod for pod in found}
        pods = self._pods
        waiting = [pod for pod in pods.values() if _waits(pod)]
        if not waiting:
            return None
        nodes = {node["metadata"]["name"]: node for node in objects.list(NODES)}
        free = _free(nodes, pods.values())
        delay = None
        for pod in _in_order(objects, waiting):
            try:
                self._remember(pods, _place(objects, pod, nodes, free, now))
            except Refused as refusal:
                delay = AGAIN
                self._remember(pods, pod, gone=refusal.code == 404)
        return delay


def _version(pod: Object) -> int:
    return int(pod["metadata"]["resourceVersion"])


def _free(nodes: dict[str, Object], pods: Iterable[Object]) -> dict[str, Quantities]:
    """The free resources of each node."""
    free = {name: quantities((node.get("status") or {}).get("allocatable")) for name, node in nodes.items()}
    for pod in pods:
        where = pod["spec"].get("nodeName")
        if where in free:
            free[where].subtract(pod_requests(pod))
    return free


def _waits(pod: Object) -> bool:
    spec = pod["spec"]
    return not (spec.get("nodeName") or spec.get("schedulingGates")) and pod_status.is_active(pod)


def _in_order(objects: Objects, pods: list[Object]) -> list[Object]:
    """Sort pods by priority, then age, then name."""
    classes = {one["metadata"]["name"]: one for one in objects.list(PRIORITY_CLASSES)}
    default = next((one for one in classes.values() if one.get("globalDefault")), {})

    def rank(pod: Object) -> tuple[int, str, str]:
        named = classes.get(pod["spec"].get("priorityClassName"), default)
        priority = pod["spec"].get("priority") or named.get("value") or 0
        return -int(priority), pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]

    return sorted(pods, key=rank)


def _place(
    objects: Objects, pod: Object, nodes: dict[str, Object], free: dict[str, Quantities], now: datetime
) -> Object:
    """Bind the pod or report why that is not possible; returns the pod as it is then."""
    if lacking := _missing_claim(objects, pod):
        return _refuse(objects, pod, f'persistentvolumeclaim "{lacking}" not found', now)
    wants = pod_requests(pod)
    reasons: Counter[str] = Counter()
    fitting = []
    for name, node in nodes.items():
        against = obstacles(pod, node, wants, free[name])
        reasons.update(against)
        if not against:
            fitting.append(name)
    if not fitting:
        return _refuse(objects, pod, _message(len(nodes), reasons), now)
    best = max(fitting, key=lambda name: (free[name]["cpu"], free[name]["memory"]))
    free[best].subtract(wants)
    return _bind(objects, pod, best, now)


def _missing_claim(objects: Objects, pod: Object) -> str:
    """The first claim that the pod mounts and that does not exist, or ""."""
    sources = (volume.get("persistentVolumeClaim") or {} for volume in pod["spec"].get("volumes") or ())
    names = [source["claimName"] for source in sources if source]
    namespace = key(pod)[0]
    return next((one for one in names if not objects.get(PERSISTENT_VOLUME_CLAIMS, one, namespace)), "")


def _message(nodes: int, reasons: Counter[str]) -> str:
    if not nodes:
        return "no nodes available to schedule pods"
    listed = ", ".join(sorted(f"{number} {reason}" for reason, number in reasons.items()))
    return f"0/{nodes} nodes are available: {listed}."


def _bind(objects: Objects, pod: Object, node: str, now: datetime) -> Object:
    namespace, name = key(pod)
    # The condition is written first: once the pod is bound, its status belongs to the kubelet.
    pod = _condition(objects, pod, Condition(SCHEDULED, "", ""), now) or pod
    version = {"resourceVersion": pod["metadata"]["resourceVersion"]}
    bound = objects.patch(PODS, name, {"metadata": version, "spec": {"nodeName": node}}, namespace)
    message = f"Successfully assigned {namespace}/{name} to {node}"
    event(objects, (PODS, pod), now, "Normal", "Scheduled", message)
    return bound


def _refuse(objects: Objects, pod: Object, message: str, now: datetime) -> Object:
    condition = Condition(SCHEDULED, "Unschedulable", message, "False")
    told = _condition(objects, pod, condition, now)
    if told:
        event(objects, (PODS, pod), now, "Warning", "FailedScheduling", message)
    return told or pod


def _condition(objects: Objects, pod: Object, condition: Condition, now: datetime) -> Object | None:
    """Set the pod's condition PodScheduled; returns the new pod, or None when nothing changed."""
    status = pod.get("status") or {}
    before = conditions.find(status, SCHEDULED)
    new = {name: value for name, value in conditions.following(before, condition, now).items() if value}
    if all(before.get(name) == new.get(name) for name in ("status", "reason", "message")):
        return None
    every = conditions.replaced(status, {**new, "lastProbeTime": None})
    namespace, name = key(pod)
    body = {
        "metadata": {"resourceVersion": pod["metadata"]["resourceVersion"]},
        "status": {"phase": "Pending", "conditions": every},
    }
    return objects.patch(PODS, name, body, namespace, "status")
