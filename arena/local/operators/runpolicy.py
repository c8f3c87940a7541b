"""The runPolicy of kubeflow.org jobs: what it allows and what follows when the job is over."""

from datetime import datetime

from arena.local.objects import Object, Objects, Resource, key
from arena.local.operators import pods as facts
from arena.local.operators.clock import left


def backoff_reached(policy: Object, pods: list[Object], replaced: int) -> bool:
    """Whether the restarts have used up backoffLimit.

    `pods` are those that their node restarts in place, `replaced` says how many failed ones were
    replaced by new ones.
    """
    limit = policy.get("backoffLimit")
    if limit is None:
        return False
    again = sum(facts.restarts(pod) for pod in pods if facts.phase(pod) == "Running") + replaced
    return again > 0 and again >= int(limit)


def deadline_left(policy: Object, status: Object, now: datetime) -> float | None:
    """Seconds until activeDeadlineSeconds; None where there is none."""
    limit = policy.get("activeDeadlineSeconds")
    start = status.get("startTime")
    return left(start, float(limit), now) if limit is not None and start else None


def expire(
    objects: Objects, parent: tuple[Resource, Object], limit: int | None, end: str | None, now: datetime
) -> float | None:
    """Delete a job that finished at `end` when ttlSecondsAfterFinished (`limit`) is over.

    Returns the seconds until then; None where there is no limit, or the job is deleted.
    """
    if limit is None or not end:
        return None
    seconds = left(end, float(limit), now)
    if seconds > 0:
        return seconds
    resource, obj = parent
    namespace, name = key(obj)
    objects.delete(resource, name, namespace, uid=obj["metadata"]["uid"])
    return None


def earliest(*delays: float | None) -> float | None:
    """The smallest of some delays, ignoring those that are None."""
    return min((one for one in delays if one is not None), default=None)
