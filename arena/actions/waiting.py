"""Why jobs wait in queues, and at which place.

Nothing is asked of a cluster where no job waits; else the requests depend on the queues, not on the jobs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from arena import labels
from arena.actions.crew import crew
from arena.actions.queues import LOCAL_QUEUES, POD_GROUPS
from arena.actions.served import preferred
from arena.errors import NotAllowed, NotFound, Unreachable
from arena.kinds.training.base import KUEUE, VOLCANO
from arena.model import Job, Phase, Queue, Usage
from arena.resources import Resource

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]
WORKLOADS = Resource("kueue.x-k8s.io", "v1beta2", "workloads", kind="Workload")
POSITIONS = Resource("visibility.kueue.x-k8s.io", "v1beta2", "localqueues", kind="LocalQueue")
BETWEEN = (
    (Resource("batch", "v1", "jobs", kind="Job"), labels.JOBSET_NAME),
    (Resource("jobset.x-k8s.io", "v1alpha2", "jobsets", kind="JobSet"), ""),
    (Resource("ray.io", "v1", "rayclusters", kind="RayCluster"), ""),
)
"""What stands between some jobs and their pods, and then owns the PodGroups; and its labels."""
MANY = 20
"""Queues whose order is asked for; who lists the jobs of more does not read positions."""
UNPLACED = (Phase.QUEUING, Phase.PENDING, Phase.STARTING)


class Waiting(NamedTuple):
    """What a Workload of Kueue says of its job."""

    job: str
    """The uid of the job."""
    queue: tuple[str, str]
    """Namespace and name."""
    name: str
    rank: tuple[int, str, str]
    """Sorts as Kueue does: by priority, then by age."""
    reason: str
    pending: bool
    """Whether it waits for quota."""
    active: bool
    """False where somebody, or Kueue itself, took it out of the queue until it is resumed."""


def explained(cluster: Cluster, namespace: str | None, jobs: Sequence[Job]) -> list[Job]:
    """The jobs; those that wait in a queue with their place in it and the queue's reason.

    Args:
        namespace: theirs; None where they are of several.
    """
    those = [job for job in jobs if may_wait(job)]
    held = [job for job in those if job.queue and job.queue.system == KUEUE]
    grouped = [job for job in those if job.queue and job.queue.system == VOLCANO]
    told: dict[str, Job] = {}
    try:
        told |= _by_kueue(cluster, namespace, held) if held else {}
        told |= _by_volcano(cluster, namespace, grouped) if grouped else {}
    except (NotAllowed, NotFound):
        # Who may not read queues still sees that the job waits in one.
        pass
    return [told.get(job.uid, job) for job in jobs]


def may_wait(job: Job) -> bool:
    """Whether it may wait in a queue, so that to ask tells more of it."""
    if job.queue is None:
        return False
    return job.phase is Phase.QUEUING if job.queue.system == KUEUE else job.phase in UNPLACED


def _by_kueue(cluster: Cluster, namespace: str | None, held: Sequence[Job]) -> dict[str, Job]:
    kind = preferred(cluster, WORKLOADS)
    if kind is None:
        return {job.uid: _suspended(job, job.queue) for job in held}
    alone = f"={held[0].uid}" if len(held) == 1 else ""
    uids = {job.uid for job in held}
    found = {
        one.job: one
        for one in map(waiting, cluster.list(kind, namespace, labels.KUEUE_JOB_UID + alone))
        if one.job in uids
    }
    places = _places(cluster, kind, namespace, found.values())
    facts = _local_queues(cluster, namespace)
    return {job.uid: _held(job, found.get(job.uid), places, facts) for job in held}


def _held(
    job: Job,
    found: Waiting | None,
    places: Mapping[tuple[str, str], int],
    facts: Mapping[tuple[str, str], Object] | None,
) -> Job:
    """The job with what its Workload and its LocalQueue say."""
    assert job.queue  # asked before
    where = found.queue if found else (job.namespace, job.queue.name)
    queue = replace(job.queue, name=where[1])
    if facts is not None and where not in facts:
        return _because(job, queue, "the namespace has no such queue")
    fact = (facts or {}).get(where, {})
    queue = read_queue(queue, fact)
    if found and not found.active:
        why = f"held back in queue {queue.name}" + (f": {found.reason}" if found.reason else "")
        return replace(job, queue=queue, phase=Phase.SUSPENDED, reason=why)
    if found and found.pending:
        queue = replace(queue, position=places.get((job.namespace, found.name), 0))
    return _because(
        job, queue, stopped(fact) or (found.reason if found else "Kueue has not looked at it yet")
    )


def _suspended(job: Job, queue: Queue | None) -> Job:
    """The job where nobody serves its queue: whoever suspended it, only a user resumes it."""
    assert queue  # of jobs that name none nothing is asked
    why = f"it is suspended, and the cluster has no Kueue to start it from queue {queue.name}"
    return replace(job, phase=Phase.SUSPENDED, reason=why)


def _because(job: Job, queue: Queue | None, why: str) -> Job:
    assert queue  # of jobs that name none nothing is asked
    place = f", {queue.place}" if queue.place else ""
    return replace(
        job, queue=queue, reason=f"waits in queue {queue.name}{place}" + (f": {why}" if why else "")
    )


def waiting(workload: Object) -> Waiting:
    """What a Workload, of either version, says of its job."""
    meta, spec = workload["metadata"], workload.get("spec") or {}
    state = workload.get("status") or {}
    known = {one.get("type"): one for one in state.get("conditions") or ()}
    namespace, active = meta.get("namespace", ""), spec.get("active") is not False
    return Waiting(
        job=(meta.get("labels") or {}).get(labels.KUEUE_JOB_UID, ""),
        queue=(namespace, spec.get("queueName", "")),
        name=meta["name"],
        rank=(-int(spec.get("priority") or 0), meta.get("creationTimestamp") or "", meta["name"]),
        reason=_reason(spec, state, known),
        pending=active and not (_true(known, "QuotaReserved") or _true(known, "Finished")),
        active=active,
    )


def _reason(spec: Object, state: Object, known: Mapping[Any, Object]) -> str:
    if spec.get("active") is False:
        return _message(known, "Evicted")
    if _true(known, "Admitted"):
        return "admitted, about to start"
    if _true(known, "QuotaReserved"):
        checks = [one["name"] for one in state.get("admissionChecks") or () if one.get("state") != "Ready"]
        return "it has its quota, and waits for " + (", ".join(checks) or "its admission")
    told = _message(known, "QuotaReserved")
    if _true(known, "Evicted"):
        return f"put back ({known['Evicted'].get('reason') or 'Evicted'})" + (f": {told}" if told else "")
    return told


def _true(known: Mapping[Any, Object], kind: str) -> bool:
    return known.get(kind, {}).get("status") == "True"


def _message(known: Mapping[Any, Object], kind: str) -> str:
    one = known.get(kind, {})
    return " ".join(str(one.get("message") or one.get("reason") or "").split()).rstrip(".")


def _places(
    cluster: Cluster, kind: Resource, namespace: str | None, found: Iterable[Waiting]
) -> dict[tuple[str, str], int]:
    """Namespace and name of Workloads -> their place in their queues, counted from 1."""
    names = sorted({one.queue for one in found if one.pending})[:MANY]
    if not names:
        return {}
    try:
        resource = preferred(cluster, POSITIONS)
        if resource:
            with crew(4) as threads:
                asked = threads.map(lambda where: list(_visible(cluster, resource, *where)), names)
                return dict(place for places in asked for place in places)
    except (NotAllowed, NotFound, Unreachable):
        # Its server is one of its own, with rights of its own; the order can be told without it.
        pass
    return ranked(map(waiting, cluster.list(kind, namespace, labels.KUEUE_JOB_UID)))


def _visible(
    cluster: Cluster, resource: Resource, namespace: str, queue: str
) -> Iterator[tuple[tuple[str, str], int]]:
    below = resource._replace(plural=f"localqueues/{queue}/pendingworkloads")
    for one in cluster.list(below, namespace):
        # Kueue counts from 0, people from 1.
        yield (namespace, one["metadata"]["name"]), int(one.get("positionInLocalQueue") or 0) + 1


def ranked(found: Iterable[Waiting]) -> dict[tuple[str, str], int]:
    """As Kueue would tell the places: by priority, then by age."""
    counts: dict[tuple[str, str], int] = {}
    places = {}
    for one in sorted((one for one in found if one.pending), key=lambda one: one.rank):
        counts[one.queue] = counts.get(one.queue, 0) + 1
        places[one.queue[0], one.name] = counts[one.queue]
    return places


def _local_queues(cluster: Cluster, namespace: str | None) -> dict[tuple[str, str], Object] | None:
    """LocalQueues by namespace and name; None where this user may not read them."""
    kind = preferred(cluster, LOCAL_QUEUES)
    try:
        found = list(cluster.list(kind, namespace)) if kind else []
    except NotAllowed:
        return None
    return {(one["metadata"].get("namespace", ""), one["metadata"]["name"]): one for one in found}


def read_queue(queue: Queue, obj: Object) -> Queue:
    """The queue with what a LocalQueue, of either version, tells of it."""
    state = obj.get("status") or {}
    flavors = state.get("flavorsUsage") or state.get("flavorUsage") or ()
    return replace(
        queue,
        waiting=int(state.get("pendingWorkloads") or 0),
        usage=tuple(
            Usage(flavor=flavor["name"], resource=one["name"], total=str(one.get("total", 0)))
            for flavor in flavors
            for one in flavor.get("resources") or ()
        ),
    )


def stopped(obj: Object) -> str:
    """Why a LocalQueue lets nothing through, or ""."""
    if (obj.get("spec") or {}).get("stopPolicy", "None") != "None":
        return "the queue is stopped"
    known = {one.get("type"): one for one in (obj.get("status") or {}).get("conditions") or ()}
    return _message(known, "Active") if known.get("Active", {}).get("status") == "False" else ""


def _by_volcano(cluster: Cluster, namespace: str | None, grouped: Sequence[Job]) -> dict[str, Job]:
    kind = preferred(cluster, POD_GROUPS)
    found = list(cluster.list(kind, namespace)) if kind else []
    groups = _by_owner(found, {})
    if found and any(job.uid not in groups for job in grouped):
        groups = _by_owner(found, _parents(cluster, namespace))
    return {job.uid: _grouped(job, groups[job.uid]) for job in grouped if job.uid in groups}


def _by_owner(groups: Iterable[Object], parents: Mapping[str, str]) -> dict[str, Object]:
    """The PodGroup of each owner, and of who owns that one; of several the one that is furthest back."""
    found: dict[str, Object] = {}
    for one in sorted(groups, key=_is_through):
        for owner in one["metadata"].get("ownerReferences") or ():
            uid = owner["uid"]
            while uid and uid not in found:
                found[uid] = one
                uid = parents.get(uid, "")
    return found


def _is_through(group: Object) -> tuple[bool, bool]:
    """Whether it is in its queue, and whether it has room."""
    state = group.get("status") or {}
    known = {one.get("type"): one for one in state.get("conditions") or ()}
    return state.get("phase") not in (None, "", "Pending"), not _true(known, "Unschedulable")


def _parents(cluster: Cluster, namespace: str | None) -> dict[str, str]:
    """What stands between jobs and their pods: its uid -> that of its owner."""
    found = {}
    for resource, selector in BETWEEN:
        kind = preferred(cluster, resource)
        with suppress(NotAllowed):
            for one in cluster.list(kind, namespace, selector) if kind else ():
                for owner in one["metadata"].get("ownerReferences") or ():
                    found[one["metadata"]["uid"]] = owner["uid"]
    return found


def _grouped(job: Job, group: Object) -> Job:
    """The job with what its PodGroup says."""
    spec, state = group.get("spec") or {}, group.get("status") or {}
    known = {one.get("type"): one for one in state.get("conditions") or ()}
    why = _message(known, "Unschedulable") if _true(known, "Unschedulable") else ""
    queue = Queue(name=spec.get("queue") or "default", system=VOLCANO)
    if state.get("phase") in (None, "", "Pending"):
        return replace(_because(job, queue, why), phase=Phase.QUEUING)
    return replace(job, queue=queue, reason=why or job.reason)
