"""Queues and gangs of Kueue, Volcano and coscheduling: what a Spec requests."""

from typing import Any

from arena import labels
from arena.kinds.training.base.queues import KUEUE, VOLCANO
from arena.kinds.training.specs.base.spec import BatchSpec, QueueOptions, QueueStartOptions


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
