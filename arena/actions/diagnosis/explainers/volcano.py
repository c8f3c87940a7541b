"""Jobs whose pods Volcano places as a gang: the reason of their PodGroup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arena import labels
from arena.actions.diagnosis.explainer import Explainer
from arena.actions.diagnosis.queues import is_true, message, waits
from arena.actions.served import preferred
from arena.errors import NotAllowed
from arena.kinds.training.base.queues import VOLCANO
from arena.model.findings import Evidence, Finding
from arena.model.jobs import Job, Phase, Queue
from arena.resources import POD_GROUPS, Resource

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]
INTERMEDIATE = (
    (Resource("batch", "v1", "jobs", kind="Job"), labels.JOBSET_NAME),
    (Resource("jobset.x-k8s.io", "v1alpha2", "jobsets", kind="JobSet"), ""),
    (Resource("ray.io", "v1", "rayclusters", kind="RayCluster"), ""),
)
"""The objects that own the pods and PodGroups of some jobs, with the labels that select them."""
UNPLACED = (Phase.QUEUING, Phase.PENDING, Phase.STARTING)
Groups = Mapping[str, Object]
"""The uid of a job -> its PodGroup."""


def concerns(job: Job) -> bool:
    """Whether the job may wait in a queue of Volcano."""
    return job.queue is not None and job.queue.system == VOLCANO and job.phase in UNPLACED


def read(cluster: Cluster, namespace: str | None, grouped: Sequence[Job]) -> Groups:
    """The PodGroups of the jobs."""
    kind = preferred(cluster, POD_GROUPS)
    found = list(cluster.list(kind, namespace)) if kind else []
    groups = _by_owner(found, {})
    if found and any(job.uid not in groups for job in grouped):
        groups = _by_owner(found, _parents(cluster, namespace))
    return groups


def explain(job: Job, groups: Groups) -> Job:
    """The job with the finding from its PodGroup."""
    if job.uid not in groups:
        return job
    group = groups[job.uid]
    spec, state = group.get("spec") or {}, group.get("status") or {}
    known = {one.get("type"): one for one in state.get("conditions") or ()}
    why = message(known, "Unschedulable") if is_true(known, "Unschedulable") else ""
    shown = Evidence("status", f"podgroup/{group['metadata']['name']}", why)
    queue = Queue(name=spec.get("queue") or "default", system=VOLCANO)
    if state.get("phase") in (None, "", "Pending"):
        return waits(replace(job, phase=Phase.QUEUING), queue, why, shown)
    placed = replace(job, queue=queue)
    return placed.explained(Finding("sched.gang", why, (shown,))) if why else placed


def _by_owner(groups: Iterable[Object], parents: Mapping[str, str]) -> dict[str, Object]:
    """The uid of each owner, direct or indirect -> its PodGroup; of several, the one that waits longest."""
    found: dict[str, Object] = {}
    for one in sorted(groups, key=_progress):
        for owner in one["metadata"].get("ownerReferences") or ():
            uid = owner["uid"]
            while uid and uid not in found:
                found[uid] = one
                uid = parents.get(uid, "")
    return found


def _progress(group: Object) -> tuple[bool, bool]:
    """How far it is: whether the queue has admitted it, and whether its pods fit."""
    state = group.get("status") or {}
    known = {one.get("type"): one for one in state.get("conditions") or ()}
    return state.get("phase") not in (None, "", "Pending"), not is_true(known, "Unschedulable")


def _parents(cluster: Cluster, namespace: str | None) -> dict[str, str]:
    """The uid of each object between a job and its pods -> the uid of its owner."""
    found = {}
    for resource, selector in INTERMEDIATE:
        kind = preferred(cluster, resource)
        with suppress(NotAllowed):
            for one in cluster.list(kind, namespace, selector) if kind else ():
                for owner in one["metadata"].get("ownerReferences") or ():
                    found[one["metadata"]["uid"]] = owner["uid"]
    return found


EXPLAINER = Explainer(order=30, concerns=concerns, read=read, explain=explain)
