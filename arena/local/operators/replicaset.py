"""ReplicaSet: a number of alike pods."""

import copy
from datetime import datetime

from arena.local.objects import PODS, REPLICASETS, Object, Objects, key
from arena.local.operators import conditions
from arena.local.operators import pods as facts
from arena.local.operators.clock import left
from arena.local.operators.conditions import Words
from arena.local.operators.operator import Operator, of_kind
from arena.local.operators.runpolicy import earliest
from arena.local.operators.writes import RETRY, create_pod, event, owned, remove, suffix, write_status


def operator() -> Operator:
    """The operator of ReplicaSets."""
    return of_kind(REPLICASETS, reconcile, owns=(PODS,))


def reconcile(objects: Objects, replicaset: Object, now: datetime) -> float | None:
    """As many active pods as the spec asks for."""
    pods = [pod for pod in owned(objects, PODS, replicaset) if facts.is_active(pod)]
    wanted = size(replicaset)
    for pod in sorted(pods, key=_worth)[: max(0, len(pods) - wanted)]:
        remove(objects, PODS, pod)
        pods.remove(pod)
        _tell(objects, replicaset, now, ("SuccessfulDelete", f"Deleted pod: {key(pod)[1]}"))
    made = [_create(objects, replicaset, now) for _ in range(wanted - len(pods))]
    pods.extend(pod for pod in made if pod)
    status, wait = _status(replicaset, pods, None in made, now)
    write_status(objects, REPLICASETS, replicaset, status)
    return earliest(wait, RETRY if None in made else None)


def size(obj: Object) -> int:
    """spec.replicas, which is 1 where nobody said."""
    wanted = obj["spec"].get("replicas")
    return 1 if wanted is None else int(wanted)


def _worth(pod: Object) -> tuple[bool, bool, bool, str, str]:
    """What goes first when there are too many: what does not run yet, then the newest."""
    created, name = pod["metadata"].get("creationTimestamp", ""), pod["metadata"]["name"]
    newest_first = "".join(chr(0x10FFFF - ord(letter)) for letter in created)
    placed = bool(pod["spec"].get("nodeName"))
    return placed, facts.phase(pod) == "Running", facts.is_ready(pod), newest_first, name


def _create(objects: Objects, replicaset: Object, now: datetime) -> Object | None:
    template = copy.deepcopy(replicaset["spec"]["template"])
    meta = dict(template.get("metadata") or {})
    meta["name"] = f"{replicaset['metadata']['name'][:57]}-{suffix()}"
    body = {"metadata": meta, "spec": template["spec"]}
    pod = create_pod(objects, body, (REPLICASETS, replicaset), now)
    if pod:
        _tell(objects, replicaset, now, ("SuccessfulCreate", f"Created pod: {meta['name']}"))
    return pod


def _tell(objects: Objects, replicaset: Object, now: datetime, words: tuple[str, str]) -> None:
    event(objects, (REPLICASETS, replicaset), now, "Normal", *words)


def _status(
    replicaset: Object, pods: list[Object], refused: bool, now: datetime
) -> tuple[Object, float | None]:
    """The status, and the seconds until a ready pod counts as available."""
    ready = [pod for pod in pods if facts.is_ready(pod)]
    least = float(replicaset["spec"].get("minReadySeconds") or 0)
    waits = [left(facts.ready_since(pod), least, now) if least else 0.0 for pod in ready]
    status: Object = {
        "replicas": len(pods),
        "fullyLabeledReplicas": len(pods),
        "readyReplicas": len(ready),
        "availableReplicas": sum(wait <= 0 for wait in waits),
        "observedGeneration": replicaset["metadata"].get("generation", 1),
    }
    if refused:
        status["conditions"] = [_failure(replicaset, now)]
    return status, earliest(*(wait for wait in waits if wait > 0))


def _failure(replicaset: Object, now: datetime) -> Object:
    why = "a pod was refused; the ReplicaSet's Events say why"
    before = conditions.find(replicaset.get("status") or {}, "ReplicaFailure")
    return conditions.following(before, Words("ReplicaFailure", "FailedCreate", why), now)
