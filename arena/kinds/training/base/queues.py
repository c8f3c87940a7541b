"""The queue of an object, by the systems that queue jobs."""

from collections.abc import Mapping, Sequence
from typing import Any

from arena import labels
from arena.kinds.kind import Object
from arena.model.jobs import Queue

KUEUE, VOLCANO, COSCHEDULING = "kueue", "volcano", "coscheduling"
"""Systems that queue jobs, or start all pods of a job at once."""


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
