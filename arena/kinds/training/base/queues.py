"""Queues and gangs of Kueue, Volcano and coscheduling: what a Spec requests, and the queue of an object."""

from collections.abc import Mapping, Sequence
from typing import Any

from arena import labels
from arena.kinds.kind import Object
from arena.kinds.training.base.spec import KUEUE, VOLCANO, BatchSpec, QueueOptions, QueueStartOptions
from arena.model.jobs import Queue


def on_job(spec: BatchSpec, pods: int) -> tuple[dict[str, str], dict[str, str]]:
    """Labels and annotations of the job object; `pods` is the total number of its pods."""
    if not isinstance(spec, QueueOptions):
        return {}, {}
    marks: dict[str, str] = {}
    notes = {labels.QUEUE_SUSPEND: "true"} if isinstance(spec, QueueStartOptions) and spec.queue else {}
    if spec.queued_by == KUEUE and spec.queue_name:
        marks[labels.KUEUE_QUEUE] = spec.queue_name
    if spec.queued_by == VOLCANO:
        notes |= _volcano(spec)
        if gang := spec.gang_size(pods):
            notes[labels.VOLCANO_MEMBERS] = str(gang)
    return marks, notes


def on_pods(spec: BatchSpec, kind: str, pods: int) -> tuple[dict[str, str], dict[str, str]]:
    """Labels and annotations of the job's pods."""
    if spec.queued_by == VOLCANO:
        return {}, _volcano(spec) if isinstance(spec, QueueOptions) else {}
    if gang := spec.gang_size(pods):
        return {labels.POD_GROUP: f"{kind}-{spec.name}", labels.POD_GROUP_MIN: str(gang)}, {}
    return {}, {}


def _volcano(spec: QueueOptions) -> dict[str, str]:
    return {labels.VOLCANO_QUEUE: spec.queue_name} if spec.queue_name else {}


def policy(spec: QueueOptions, pods: int) -> dict[str, Any] | None:
    """The `schedulingPolicy` of training-operator and mpi-operator."""
    gang = spec.gang_size(pods)
    found: dict[str, Any] = {"minAvailable": gang} if gang else {}
    if spec.queued_by == VOLCANO and spec.queue_name:
        found["queue"] = spec.queue_name
    return found or None


def named(obj: Object, roles: Sequence[Object]) -> Queue | None:
    """The queue that an object names, also if others created it; None if it names none.

    Args:
        obj: the job.
        roles: mappings with a pod's `template`.
    """
    meta, spec = obj["metadata"], obj.get("spec") or {}
    own, notes = meta.get("labels") or {}, meta.get("annotations") or {}
    if own.get(labels.KUEUE_QUEUE):
        return Queue(name=own[labels.KUEUE_QUEUE], system=KUEUE)
    chosen = notes.get(labels.VOLCANO_QUEUE) or own.get(labels.RAY_VOLCANO_QUEUE) or _policy_queue(spec)
    if chosen or spec.get("schedulerName") == VOLCANO or any(_by_volcano(role) for role in roles):
        return Queue(name=chosen or "default", system=VOLCANO)
    return None


def _policy_queue(spec: Mapping[str, Any]) -> str:
    policy = (spec.get("runPolicy") or {}).get("schedulingPolicy") or {}
    queue = spec.get("queue") if spec.get("schedulerName") == VOLCANO else ""
    spark = (spec.get("batchSchedulerOptions") or {}).get("queue")
    return str(policy.get("queue") or queue or spark or "")


def _by_volcano(role: Object) -> bool:
    return ((role.get("template") or {}).get("spec") or {}).get("schedulerName") == VOLCANO
