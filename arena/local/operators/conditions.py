"""The conditions of kubeflow.org jobs and the rules by which they replace each other."""

from datetime import datetime

from arena.local.objects import Object
from arena.local.operators.clock import stamp

CREATED = "Created"
RUNNING = "Running"
RESTARTING = "Restarting"
SUCCEEDED = "Succeeded"
SUSPENDED = "Suspended"
FAILED = "Failed"


def holds(status: Object, kind: str) -> bool:
    """Whether the condition `kind` is there with status True."""
    return any(one["type"] == kind and one["status"] == "True" for one in status.get("conditions") or [])


def latest(obj: Object) -> str:
    """The type of the newest condition that holds: the printer column of training jobs."""
    found = (obj.get("status") or {}).get("conditions") or []
    return next((str(one["type"]) for one in reversed(found) if one.get("status") == "True"), "")


def is_known(status: Object, kind: str) -> bool:
    """Whether the condition `kind` is there with any status."""
    return any(one["type"] == kind for one in status.get("conditions") or [])


def is_finished(status: Object) -> bool:
    """Whether the job succeeded or failed, which is for ever."""
    return holds(status, SUCCEEDED) or holds(status, FAILED)


def put(status: Object, kind: str, reason: str, message: str, now: datetime, value: str = "True") -> bool:
    """Set a condition in place; False when it was there with this value and reason.

    Running and Restarting replace each other, both end when the job does, and nothing changes
    after Failed.
    """
    old: list[Object] = status.get("conditions") or []
    before = next((one for one in old if one["type"] == kind), None)
    if holds(status, FAILED) or (before and (before["status"], before["reason"]) == (value, reason)):
        return False
    kept = [_after(one, kind, now) for one in old if one is not before and not _replaces(kind, one["type"])]
    since = before["lastTransitionTime"] if before and before["status"] == value else stamp(now)
    new = {
        "type": kind,
        "status": value,
        "reason": reason,
        "message": message,
        "lastUpdateTime": stamp(now),
        "lastTransitionTime": since,
    }
    status["conditions"] = [*kept, new]
    return True


def _replaces(new: str, old: str) -> bool:
    return {new, old} == {RUNNING, RESTARTING}


def _after(condition: Object, new: str, now: datetime) -> Object:
    """What becomes of another condition when `new` is set."""
    ends = new in (SUCCEEDED, FAILED) and condition["type"] in (RUNNING, RESTARTING)
    if not ends or condition["status"] == "False":
        return condition
    return {**condition, "status": "False", "lastUpdateTime": stamp(now), "lastTransitionTime": stamp(now)}
