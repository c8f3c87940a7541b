"""Queues and priorities of a cluster: the system for a job, and what the cluster would ignore or refuse."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from arena.actions.served import preferred
from arena.errors import NotAllowed, NotFound, SpecError
from arena.kinds.kind import Kind
from arena.kinds.training.base.queues import VOLCANO
from arena.kinds.training.specs.base.spec import BatchSpec, QueueOptions
from arena.kinds.workload.pod_spec import PodOptions
from arena.kinds.workload.spec import WorkloadSpec
from arena.resources import LOCAL_QUEUES, POD_GROUPS, Resource

if TYPE_CHECKING:
    from arena.kube import Cluster

S = TypeVar("S", bound=WorkloadSpec)

QUEUES = Resource("scheduling.volcano.sh", "v1beta1", "queues", False, kind="Queue")
PRIORITIES = Resource("scheduling.k8s.io", "v1", "priorityclasses", False, kind="PriorityClass")
SYSTEM = ("system-cluster-critical", "system-node-critical")
"""Priority classes that always exist, listed or not."""
COSCHEDULED = Resource("scheduling.x-k8s.io", "v1alpha1", "podgroups", kind="PodGroup")


def settled(cluster: Cluster, spec: S) -> S:
    """The Spec, which uses Volcano for its queue and gang if the cluster has no other system.

    Raises:
        SpecError: the cluster has no such priority class, and would refuse every pod.
    """
    if isinstance(spec, PodOptions) and spec.priority:
        _check_priority(cluster, spec.priority)
    if not isinstance(spec, QueueOptions):
        return spec
    if spec.queue_system or spec.chosen_scheduler or not (spec.queue_name or spec.gang_size(1)):
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
        there = f"it has: {', '.join(names)}" if names else "it has none: omit --priority, or create one"
        raise SpecError(f'--priority "{name}": {cluster.name} has no such priority class', there)


def remarks(
    cluster: Cluster, kind: Kind, resource: Resource, spec: WorkloadSpec, namespace: str
) -> list[str]:
    """Why this cluster would ignore the queue of the Spec, one sentence each."""
    if not isinstance(spec, BatchSpec) or not spec.effective_queue:
        return []
    flag = f'--queue-name "{spec.effective_queue}"'
    if spec.queued_by == VOLCANO:
        return _volcano_remarks(cluster, spec.effective_queue, flag)
    queues = preferred(cluster, LOCAL_QUEUES)
    if queues is None:
        return [f"{flag} has no effect: {cluster.name} has no Kueue"]
    if not kind.kueue(resource):
        return [f"{flag} has no effect: Kueue does not manage {resource.kind} of {resource.api_version}"]
    try:
        names = sorted(one["metadata"]["name"] for one in cluster.list(queues, namespace))
    except NotAllowed:
        return []
    if spec.effective_queue in names:
        return []
    there = f"its queues: {', '.join(names)}" if names else "it has none"
    return [f'{flag}: namespace "{namespace}" has no such queue ({there}); the job waits until it has']


def _volcano_remarks(cluster: Cluster, name: str, flag: str) -> list[str]:
    kind = preferred(cluster, QUEUES)
    if kind is None:
        return [f"{flag} has no effect: {cluster.name} has no Volcano"]
    try:
        state = (cluster.get(kind, None, name).get("status") or {}).get("state", "Open")
    except NotFound:
        return [f"{flag}: {cluster.name} has no such queue; the job waits until it has"]
    except NotAllowed:
        return []
    return [] if state == "Open" else [f"{flag}: the queue is {state}; the job waits until it opens"]
