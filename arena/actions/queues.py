"""Queues and priorities of a cluster: whose a job is for, and what a submit asks of one in vain."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from arena.actions.served import preferred
from arena.errors import NotAllowed, NotFound, SpecError
from arena.kinds.training import queues as marks
from arena.kinds.training.base import KUEUE, VOLCANO, TrainingSpec
from arena.model import Job, Phase
from arena.resources import Resource

if TYPE_CHECKING:
    from arena.kube import Cluster

LOCAL_QUEUES = Resource("kueue.x-k8s.io", "v1beta2", "localqueues", kind="LocalQueue")
POD_GROUPS = Resource("scheduling.volcano.sh", "v1beta1", "podgroups", kind="PodGroup")
QUEUES = Resource("scheduling.volcano.sh", "v1beta1", "queues", False, kind="Queue")
PRIORITIES = Resource("scheduling.k8s.io", "v1", "priorityclasses", False, kind="PriorityClass")
SYSTEM = ("system-cluster-critical", "system-node-critical")
"""Priority classes that are always there, listed or not."""
COSCHEDULED = Resource("scheduling.x-k8s.io", "v1alpha1", "podgroups", kind="PodGroup")


def settled(cluster: Cluster, spec: TrainingSpec) -> TrainingSpec:
    """The Spec, with Volcano for the queue and the gang that it asks for where the cluster has no other.

    Raises:
        SpecError: the cluster has no such priority class, so that it would refuse every pod.
    """
    if spec.priority:
        _check_priority(cluster, spec.priority)
    if spec.queue_system or spec.scheduler or not (spec.queue_name or spec.gang):
        return spec
    other = LOCAL_QUEUES if spec.queue_name else COSCHEDULED
    if preferred(cluster, POD_GROUPS) and not preferred(cluster, other):
        return replace(spec, queue_system=VOLCANO)
    return spec


def _check_priority(cluster: Cluster, name: str) -> None:
    kind = preferred(cluster, PRIORITIES)
    try:
        names = sorted(one["metadata"]["name"] for one in cluster.list(kind)) if kind else [name]
    except NotAllowed:
        return
    if name not in (*names, *SYSTEM):
        there = f"it has: {', '.join(names)}" if names else "it has none: leave --priority away, or make one"
        raise SpecError(f'--priority "{name}": {cluster.name} has no such priority class', there)


def remarks(cluster: Cluster, resource: Resource, spec: TrainingSpec, namespace: str) -> list[str]:
    """Why the queue that the Spec names would not be heeded on this cluster; one sentence each."""
    if not spec.waits_in:
        return []
    flag = f'--queue-name "{spec.waits_in}"'
    if spec.queued_by == VOLCANO:
        return _volcano_remarks(cluster, spec.waits_in, flag)
    kind = preferred(cluster, LOCAL_QUEUES)
    if kind is None:
        return [f"{flag} does nothing: {cluster.name} has no Kueue"]
    if not marks.framework(resource):
        return [f"{flag} does nothing: Kueue does not manage {resource.kind} of {resource.api_version}"]
    try:
        names = sorted(one["metadata"]["name"] for one in cluster.list(kind, namespace))
    except NotAllowed:
        return []
    if spec.queue_name in names:
        return []
    there = f"its queues: {', '.join(names)}" if names else "it has none"
    return [f'{flag}: namespace "{namespace}" has no such queue ({there}); the job waits until it has']


def _volcano_remarks(cluster: Cluster, name: str, flag: str) -> list[str]:
    kind = preferred(cluster, QUEUES)
    if kind is None:
        return [f"{flag} does nothing: {cluster.name} has no Volcano"]
    try:
        state = (cluster.get(kind, None, name).get("status") or {}).get("state", "Open")
    except NotFound:
        return [f"{flag}: {cluster.name} has no such queue; the job waits until it has"]
    except NotAllowed:
        return []
    return [] if state == "Open" else [f"{flag}: the queue is {state}; the job waits until it opens"]


def unheeded(cluster: Cluster, resource: Resource, job: Job) -> str:
    """What to tell where Kueue did not take hold of the job just made; "" where it did, or need not.

    Kueue suspends what it manages in the very request that creates it.
    """
    kueue = job.queue is not None and job.queue.system == KUEUE
    if not kueue or job.phase is Phase.QUEUING or not preferred(cluster, LOCAL_QUEUES):
        return ""
    name = marks.framework(resource)
    return name and (
        f"Kueue does not manage {resource.kind} here, so the job does not wait in its queue: "
        f"an administrator has to add {name} to Kueue's integrations"
    )
