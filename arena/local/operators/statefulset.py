"""StatefulSet: pods with stable names and claims, made and unmade in order."""

import copy
from datetime import datetime

from arena.local.objects import PERSISTENT_VOLUME_CLAIMS, PODS, STATEFULSETS, Object, Objects, key
from arena.local.operators import pods as facts
from arena.local.operators.operator import Operator, of_kind
from arena.local.operators.replicaset import size
from arena.local.operators.revisions import digest
from arena.local.operators.writes import RETRY, create_pod, event, owned, remove, write_status

POD_NAME = "statefulset.kubernetes.io/pod-name"
POD_INDEX = "apps.kubernetes.io/pod-index"
HASH = "controller-revision-hash"


def operator() -> Operator:
    """The operator of StatefulSets."""
    return of_kind(STATEFULSETS, reconcile, owns=(PODS,))


def reconcile(objects: Objects, obj: Object, now: datetime) -> float | None:
    """One step towards the pods 0 .. replicas-1, all of the present template."""
    pods = {key(pod)[1]: pod for pod in owned(objects, PODS, obj)}
    refused = _grow(objects, obj, pods, now)
    if not refused and not _shrink(objects, obj, pods, now):
        _update(objects, obj, pods, now)
    write_status(objects, STATEFULSETS, obj, _status(obj, pods))
    return RETRY if refused else None


def _name(obj: Object, index: int) -> str:
    return f"{obj['metadata']['name']}-{index}"


def _index(obj: Object, name: str) -> int:
    return int(name[len(obj["metadata"]["name"]) + 1 :])


def _revision(obj: Object) -> str:
    return f"{obj['metadata']['name']}-{digest(obj['spec']['template'])}"


def _in_order(obj: Object) -> bool:
    return bool(obj["spec"].get("podManagementPolicy") != "Parallel")


def _grow(objects: Objects, obj: Object, pods: dict[str, Object], now: datetime) -> bool:
    """Create what is missing, in order one after the other is ready; True when a pod was refused."""
    for index in range(size(obj)):
        pod = pods.get(_name(obj, index))
        if pod and facts.is_finished(pod):
            remove(objects, PODS, pod)
        if pod is None:
            pod = _create(objects, obj, index, now)
            if pod is None:
                return True
            pods[key(pod)[1]] = pod
        if _in_order(obj) and not facts.is_ready(pod):
            return False
    return False


def _create(objects: Objects, obj: Object, index: int, now: datetime) -> Object | None:
    for template in obj["spec"].get("volumeClaimTemplates") or []:
        _claim(objects, obj, template, index)
    pod = create_pod(objects, _pod(obj, index), (STATEFULSETS, obj), now)
    if pod:
        message = f"create Pod {_name(obj, index)} in StatefulSet {obj['metadata']['name']} successful"
        event(objects, (STATEFULSETS, obj), now, "Normal", "SuccessfulCreate", message)
    return pod


def _claim(objects: Objects, obj: Object, template: Object, index: int) -> None:
    """The claim of one pod: it has no owner, as the data shall outlive the StatefulSet."""
    namespace = key(obj)[0]
    body = copy.deepcopy(template)
    body["metadata"]["name"] = f"{template['metadata']['name']}-{_name(obj, index)}"
    labels = (obj["spec"].get("selector") or {}).get("matchLabels") or {}
    body["metadata"]["labels"] = {**(body["metadata"].get("labels") or {}), **labels}
    body.pop("status", None)
    if objects.get(PERSISTENT_VOLUME_CLAIMS, body["metadata"]["name"], namespace) is None:
        kind = {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}
        objects.create(PERSISTENT_VOLUME_CLAIMS, {**body, **kind}, namespace)


def _pod(obj: Object, index: int) -> Object:
    template = copy.deepcopy(obj["spec"]["template"])
    name = _name(obj, index)
    meta = dict(template.get("metadata") or {})
    ours = {POD_NAME: name, POD_INDEX: str(index), HASH: _revision(obj)}
    meta.update(name=name, labels={**(meta.get("labels") or {}), **ours})
    spec = template["spec"]
    spec["hostname"] = name
    if obj["spec"].get("serviceName"):
        spec["subdomain"] = obj["spec"]["serviceName"]
    claims = [one["metadata"]["name"] for one in obj["spec"].get("volumeClaimTemplates") or []]
    others = [one for one in spec.get("volumes") or [] if one["name"] not in claims]
    mine = [{"name": one, "persistentVolumeClaim": {"claimName": f"{one}-{name}"}} for one in claims]
    if others or mine:
        spec["volumes"] = [*others, *mine]
    return {"metadata": meta, "spec": spec}


def _shrink(objects: Objects, obj: Object, pods: dict[str, Object], now: datetime) -> bool:
    """Delete surplus pods, the last first; True while there are any."""
    surplus = [name for name in pods if _index(obj, name) >= size(obj)]
    for name in sorted(surplus, key=lambda one: -_index(obj, one)):
        _delete(objects, obj, pods[name], now)
        if _in_order(obj):
            break
    return bool(surplus)


def _delete(objects: Objects, obj: Object, pod: Object, now: datetime) -> None:
    if facts.is_going(pod):
        return
    message = f"delete Pod {key(pod)[1]} in StatefulSet {obj['metadata']['name']} successful"
    event(objects, (STATEFULSETS, obj), now, "Normal", "SuccessfulDelete", message)
    remove(objects, PODS, pod)


def _update(objects: Objects, obj: Object, pods: dict[str, Object], now: datetime) -> None:
    """Delete the last pod of an old template, when all behind it are ready; it comes back anew."""
    strategy = obj["spec"].get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return
    first = int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
    for index in range(size(obj) - 1, first - 1, -1):
        pod = pods.get(_name(obj, index))
        if pod is None:
            return
        if not _is_new(obj, pod):
            _delete(objects, obj, pod, now)
            return
        if not facts.is_ready(pod):
            return


def _is_new(obj: Object, pod: Object) -> bool:
    return bool((pod["metadata"].get("labels") or {}).get(HASH) == _revision(obj))


def _status(obj: Object, pods: dict[str, Object]) -> Object:
    there = list(pods.values())
    new = [pod for pod in there if _is_new(obj, pod)]
    ready = sum(facts.is_ready(pod) for pod in there)
    before = obj.get("status") or {}
    done = len(new) == len(there) == size(obj)
    current = _revision(obj) if done else before.get("currentRevision") or _revision(obj)
    return {
        "observedGeneration": obj["metadata"].get("generation", 1),
        "replicas": len(there),
        "readyReplicas": ready,
        "availableReplicas": ready,
        "updatedReplicas": len(new),
        "currentReplicas": len(new) if done else len(there) - len(new),
        "currentRevision": current,
        "updateRevision": _revision(obj),
        "collisionCount": 0,
    }
