"""Queues and gangs: what a Spec asks of Kueue, Volcano or coscheduling, and which queue an object names."""

from collections.abc import Mapping, Sequence
from typing import Any

from arena import labels
from arena.kinds.kind import Object
from arena.kinds.training.base import KUEUE, VOLCANO, TrainingSpec
from arena.model import Queue
from arena.resources import Resource

_UNMANAGED = ("batch.volcano.sh", "kai.alibabacloud.com", "apps.kubedl.io")
"""Groups whose objects Kueue never manages."""


def framework(resource: Resource) -> str:
    """What Kueue's configuration calls the type; "" where it can never manage it."""
    if resource.group in _UNMANAGED or (resource.plural == "mpijobs" and resource.version != "v2beta1"):
        return ""
    return f"{resource.group}/{resource.kind.lower()}"


def on_job(spec: TrainingSpec, pods: int) -> tuple[dict[str, str], dict[str, str]]:
    """Labels and annotations of the job object; `pods` is how many it has in all."""
    marks: dict[str, str] = {}
    notes = {labels.QUEUE_SUSPEND: "true"} if spec.queue is True else {}
    if spec.queued_by == KUEUE and spec.queue_name:
        marks[labels.KUEUE_QUEUE] = spec.queue_name
    if spec.queued_by == VOLCANO:
        notes |= _volcano(spec)
        if spec.gang:
            notes[labels.VOLCANO_MEMBERS] = str(pods)
    return marks, notes


def on_pods(spec: TrainingSpec, kind: str, pods: int) -> tuple[dict[str, str], dict[str, str]]:
    """Labels and annotations of the job's pods."""
    if spec.queued_by == VOLCANO:
        return {}, _volcano(spec)
    if spec.gang:
        return {labels.POD_GROUP: f"{kind}-{spec.name}", labels.POD_GROUP_MIN: str(pods)}, {}
    return {}, {}


def _volcano(spec: TrainingSpec) -> dict[str, str]:
    return {labels.VOLCANO_QUEUE: spec.queue_name} if spec.queue_name else {}


def scheduler(spec: TrainingSpec) -> str | None:
    """Who places the pods; None for the cluster's own."""
    return spec.scheduler or ("volcano" if spec.queued_by == VOLCANO else None)


def policy(spec: TrainingSpec, pods: int) -> dict[str, Any] | None:
    """The `schedulingPolicy` of training-operator and mpi-operator."""
    found: dict[str, Any] = {"minAvailable": pods} if spec.gang else {}
    if spec.queued_by == VOLCANO and spec.queue_name:
        found["queue"] = spec.queue_name
    return found or None


def named(obj: Object, roles: Sequence[Object]) -> Queue | None:
    """The queue that the object says it waits in, whoever made it; None where it names none.

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
