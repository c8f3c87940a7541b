"""Jobs that wait in a queue of Kueue: the queue's reason, and their position in it.

The number of requests depends on the queues, not on the jobs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arena import labels
from arena.actions.diagnosis.explainer import Explainer
from arena.actions.diagnosis.queues import is_true, message, told, waits
from arena.actions.served import preferred
from arena.errors import NotAllowed, NotFound, Unreachable, aimed
from arena.kinds.training.base.queues import KUEUE
from arena.model.findings import Evidence, Finding
from arena.model.jobs import Job, Phase, Queue, Usage
from arena.parallel import thread_pool
from arena.resources import LOCAL_QUEUES, Resource
from arena.tuples import NamedTuple

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]
WORKLOADS = Resource("kueue.x-k8s.io", "v1beta2", "workloads", kind="Workload")
POSITIONS = Resource("visibility.kueue.x-k8s.io", "v1beta2", "localqueues", kind="LocalQueue")
MANY = 20
"""Maximum number of queues whose positions are requested; nobody reads those of more."""
Place = tuple[str, str]
"""Namespace and name of an object."""


class Waiting(NamedTuple):
    """What a Workload of Kueue says about its job."""

    job: str
    """The uid of the job."""
    queue: Place
    name: str
    rank: tuple[int, str, str]
    """The key by which Kueue sorts: priority, then age."""
    reason: str
    pending: bool
    """Whether it waits for quota."""
    active: bool
    """False if a user, or Kueue itself, has removed it from the queue until it is resumed."""


class Facts(NamedTuple):
    """The facts from Kueue."""

    served: bool
    """Whether the cluster has Kueue."""
    workloads: Mapping[str, Waiting] = {}
    """The uid of a job -> its Workload."""
    positions: Mapping[Place, int] = {}
    """A Workload -> its position in its queue, counted from 1."""
    queues: Mapping[Place, Object] | None = None
    """The LocalQueues; None if the user may not read them."""


def concerns(job: Job) -> bool:
    """Whether the job waits in a queue of Kueue."""
    return job.queue is not None and job.queue.system == KUEUE and job.phase is Phase.QUEUING


def read(cluster: Cluster, namespace: str | None, held: Sequence[Job]) -> Facts:
    """Read what Kueue says about the jobs and their queues."""
    kind = preferred(cluster, WORKLOADS)
    if kind is None:
        return Facts(served=False)
    alone = f"={held[0].uid}" if len(held) == 1 else ""
    uids = {job.uid for job in held}
    found = {
        one.job: one
        for one in map(waiting, cluster.list(kind, namespace, labels.KUEUE_JOB_UID + alone))
        if one.job in uids
    }
    positions = _positions(cluster, kind, namespace, found.values())
    return Facts(True, found, positions, _local_queues(cluster, namespace))


def explain(job: Job, facts: Facts) -> Job:
    """The job with the findings from its Workload and its LocalQueue."""
    assert job.queue  # checked by `concerns`
    if not facts.served:
        return _without_kueue(job, job.queue)
    found = facts.workloads.get(job.uid)
    where = found.queue if found else (job.namespace, job.queue.name)
    queue = replace(job.queue, name=where[1])
    if facts.queues is not None and where not in facts.queues:
        return waits(job, queue, "the namespace has no such queue", id="queue.missing")
    state = (facts.queues or {}).get(where, {})
    queue = read_queue(queue, state)
    if found and not found.active:
        return _held_back(job, queue, found)
    if found and found.pending:
        queue = replace(queue, position=facts.positions.get((job.namespace, found.name), 0))
    if closed := stopped(state):
        return waits(job, queue, closed, _about(state, closed), id="queue.stopped")
    why = found.reason if found else "Kueue has not looked at it yet"
    return waits(job, queue, why, found and Evidence("status", f"workload/{found.name}", why))


def _about(queue: Object, text: str) -> Evidence:
    return Evidence("status", f"localqueue/{queue['metadata']['name']}", text)


def _held_back(job: Job, queue: Queue, found: Waiting) -> Job:
    cause = f"held back in queue {queue.name}" + (f": {found.reason}" if found.reason else "")
    shown = Evidence("status", f"workload/{found.name}", found.reason or "spec.active is false")
    return told(job, Finding("queue.held", cause, (shown,)), queue=queue, phase=Phase.SUSPENDED)


def _without_kueue(job: Job, queue: Queue) -> Job:
    """The job whose queue is not served, so that it stays suspended until a user resumes it."""
    cause = f"it is suspended, and the cluster has no Kueue to start it from queue {queue.name}"
    remedy = f"arena resume {aimed(job.name, job.namespace)} starts it without a queue"
    return told(job, Finding("operator.missing", cause, (), remedy), phase=Phase.SUSPENDED)


def waiting(workload: Object) -> Waiting:
    """Read a Workload of either version."""
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
        pending=active and not (is_true(known, "QuotaReserved") or is_true(known, "Finished")),
        active=active,
    )


def _reason(spec: Object, state: Object, known: Mapping[Any, Object]) -> str:
    if spec.get("active") is False:
        return message(known, "Evicted")
    if is_true(known, "Admitted"):
        return "admitted, about to start"
    if is_true(known, "QuotaReserved"):
        checks = [one["name"] for one in state.get("admissionChecks") or () if one.get("state") != "Ready"]
        return "it has its quota, and waits for " + (", ".join(checks) or "its admission")
    why = message(known, "QuotaReserved")
    if is_true(known, "Evicted"):
        return f"put back ({known['Evicted'].get('reason') or 'Evicted'})" + (f": {why}" if why else "")
    return why


def _positions(
    cluster: Cluster, kind: Resource, namespace: str | None, found: Iterable[Waiting]
) -> dict[Place, int]:
    """Workloads -> their positions in their queues, counted from 1."""
    names = sorted({one.queue for one in found if one.pending})[:MANY]
    if not names:
        return {}
    try:
        resource = preferred(cluster, POSITIONS)
        if resource:
            with thread_pool(4) as threads:
                asked = threads.map(lambda where: list(_visible(cluster, resource, *where)), names)
                return dict(place for places in asked for place in places)
    except (NotAllowed, NotFound, Unreachable):
        # Kueue serves positions from a separate server with separate permissions. Without it, they follow
        # from the order of the Workloads.
        pass
    return ranked(map(waiting, cluster.list(kind, namespace, labels.KUEUE_JOB_UID)))


def _visible(cluster: Cluster, resource: Resource, namespace: str, queue: str) -> Iterator[tuple[Place, int]]:
    below = resource._replace(plural=f"localqueues/{queue}/pendingworkloads")
    for one in cluster.list(below, namespace):
        # Kueue counts from 0, people count from 1.
        yield (namespace, one["metadata"]["name"]), int(one.get("positionInLocalQueue") or 0) + 1


def ranked(found: Iterable[Waiting]) -> dict[Place, int]:
    """Workloads -> their positions as Kueue orders them, by priority and then by age."""
    counts: dict[Place, int] = {}
    places = {}
    for one in sorted((one for one in found if one.pending), key=lambda one: one.rank):
        counts[one.queue] = counts.get(one.queue, 0) + 1
        places[one.queue[0], one.name] = counts[one.queue]
    return places


def _local_queues(cluster: Cluster, namespace: str | None) -> dict[Place, Object] | None:
    """LocalQueues by namespace and name; None if the user may not read them."""
    kind = preferred(cluster, LOCAL_QUEUES)
    try:
        found = list(cluster.list(kind, namespace)) if kind else []
    except NotAllowed:
        return None
    return {(one["metadata"].get("namespace", ""), one["metadata"]["name"]): one for one in found}


def read_queue(queue: Queue, obj: Object) -> Queue:
    """The queue with the status of its LocalQueue, of either version."""
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
    """Why a LocalQueue admits no job; "" if it does."""
    if (obj.get("spec") or {}).get("stopPolicy", "None") != "None":
        return "the queue is stopped"
    known = {one.get("type"): one for one in (obj.get("status") or {}).get("conditions") or ()}
    return message(known, "Active") if known.get("Active", {}).get("status") == "False" else ""


EXPLAINER = Explainer(order=20, concerns=concerns, read=read, explain=explain)
