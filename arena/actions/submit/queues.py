"""Queues and priorities of a cluster: the system for a job, and what the cluster would ignore or refuse."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from arena import labels
from arena.actions.served import preferred
from arena.errors import NotAllowed, NotFound, SpecError
from arena.kinds.kind import Kind
from arena.kinds.training.base.queues import KUEUE, VOLCANO
from arena.kinds.training.specs.base.spec import BatchSpec, QueueOptions
from arena.kinds.workload.pod_spec import PodOptions
from arena.kinds.workload.spec import WorkloadSpec
from arena.resources import LOCAL_QUEUES, POD_GROUPS, Resource

if TYPE_CHECKING:
    from arena.kube import Cluster

S = TypeVar("S", bound=WorkloadSpec)
P = TypeVar("P", bound=PodOptions)

QUEUES = Resource("scheduling.volcano.sh", "v1beta1", "queues", False, kind="Queue")
PRIORITIES = Resource("scheduling.k8s.io", "v1", "priorityclasses", False, kind="PriorityClass")
QUEUE_PRIORITIES = Resource(
    "kueue.x-k8s.io", "v1beta2", "workloadpriorityclasses", False, kind="WorkloadPriorityClass"
)
SYSTEM = ("system-cluster-critical", "system-node-critical")
"""Priority classes that always exist, listed or not."""
COSCHEDULED = Resource("scheduling.x-k8s.io", "v1alpha1", "podgroups", kind="PodGroup")


def settled(cluster: Cluster, spec: S) -> S:
    """The Spec, which uses Volcano for its queue and gang if the cluster has no other system.

    A priority that only Kueue knows becomes the label by which Kueue reads it.

    Raises:
        SpecError: the cluster has no such priority class, and would refuse every pod.
    """
    spec = _with_system(cluster, spec)
    return _with_priority(cluster, spec) if isinstance(spec, PodOptions) and spec.priority else spec


def _with_system(cluster: Cluster, spec: S) -> S:
    if not isinstance(spec, QueueOptions):
        return spec
    if spec.queue_system or spec.chosen_scheduler or not (spec.queue_name or spec.gang_size(1)):
        return spec
    other = LOCAL_QUEUES if spec.queue_name else COSCHEDULED
    if preferred(cluster, POD_GROUPS) and not preferred(cluster, other):
        return replace(spec, queue_system=VOLCANO)
    return spec


def _with_priority(cluster: Cluster, spec: P) -> P:
    """The Spec with its priority as the cluster knows it, as far as the user may see."""
    name, of_pods = spec.priority, _names(cluster, PRIORITIES)
    queued = isinstance(spec, QueueOptions) and spec.queue_name and spec.queued_by == KUEUE
    has_classes = queued and preferred(cluster, QUEUE_PRIORITIES)
    of_queues = _names(cluster, QUEUE_PRIORITIES) if has_classes else []
    if name in (*(of_pods or ()), *SYSTEM):
        return spec
    if name in (of_queues or ()):
        return replace(spec, priority="", label={labels.KUEUE_PRIORITY: name, **spec.label})
    if of_pods is None or of_queues is None:
        return spec
    there = ", ".join(dict.fromkeys([*of_pods, *of_queues]))
    hint = f"it has: {there}" if there else "it has none: omit --priority, or create one"
    raise SpecError(f'--priority "{name}": {cluster.name} has no such priority class', hint)


def _names(cluster: Cluster, resource: Resource) -> list[str] | None:
    """The names of all objects of a type; None if the user may not list it, or the cluster lacks it."""
    kind = preferred(cluster, resource)
    try:
        return sorted(one["metadata"]["name"] for one in cluster.list(kind)) if kind else None
    except NotAllowed:
        return None


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
