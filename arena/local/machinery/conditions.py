"""Conditions in a status: reading them, setting them, and the end of a job that they show.

`put` keeps the rules of kubeflow.org jobs, which other training kinds share.
"""

from datetime import datetime

from arena.local.definitions import Outcome
from arena.local.machinery.clock import stamp
from arena.local.objects import Object
from arena.tuples import NamedTuple

CREATED = "Created"
RUNNING = "Running"
RESTARTING = "Restarting"
SUCCEEDED = "Succeeded"
SUSPENDED = "Suspended"
COMPLETED = "Completed"
COMPLETE = "Complete"
FAILED = "Failed"

FINAL = (FAILED, SUCCEEDED, COMPLETE, COMPLETED)
"""The conditions by which jobs end; which of them depends on the kind."""


class Condition(NamedTuple):
    """The contents of a condition, without times."""

    type: str
    reason: str
    message: str
    status: str = "True"


def find(status: Object, kind: str) -> Object:
    """The condition `kind`; {} if there is none."""
    return next((one for one in status.get("conditions") or [] if one["type"] == kind), {})


def holds(status: Object, kind: str) -> bool:
    """Whether the condition `kind` is there with status True."""
    return bool(find(status, kind).get("status") == "True")


def latest(obj: Object) -> str:
    """The type of the newest condition that holds: the printer column of training jobs."""
    found = (obj.get("status") or {}).get("conditions") or []
    return next((str(one["type"]) for one in reversed(found) if one.get("status") == "True"), "")


def is_known(status: Object, kind: str) -> bool:
    """Whether the condition `kind` is there with any status."""
    return bool(find(status, kind))


def following(before: Object, condition: Condition, now: datetime) -> Object:
    """The condition that follows `before` ({} for none); it keeps the transition time of the same status."""
    same = before.get("status") == condition.status
    return {
        "type": condition.type,
        "status": condition.status,
        "reason": condition.reason,
        "message": condition.message,
        "lastTransitionTime": (before.get("lastTransitionTime") if same else "") or stamp(now),
    }


def replaced(status: Object, new: Object) -> list[Object]:
    """The conditions of a status, with `new` instead of the one of its type."""
    return [*(one for one in status.get("conditions") or [] if one["type"] != new["type"]), new]


def placed(found: list[Object], new: Object) -> list[Object]:
    """Conditions with `new` in the place of the one of its type, or at the end."""
    place = next((index for index, one in enumerate(found) if one["type"] == new["type"]), len(found))
    return [*found[:place], new, *found[place + 1 :]]


def report(status: Object, kind: str, holds: bool, reason: str, message: str, now: datetime) -> None:
    """Set a condition in place, in its old position; its time stays while its status does."""
    before = find(status, kind)
    found = following(before, Condition(kind, reason, message, "True" if holds else "False"), now)
    new = {name: text for name, text in found.items() if text}
    status["conditions"] = placed(status.get("conditions") or [], new)


def final(status: Object) -> Object:
    """The condition by which a job of any kind has ended; {} while it has not."""
    held = (find(status, kind) for kind in FINAL if holds(status, kind))
    return next(held, {})


def outcome(job: Object) -> Outcome:
    """How a job of any kind ended, by its conditions."""
    status = job.get("status") or {}
    condition = final(status)
    if not condition:
        return Outcome("", None)
    word = FAILED if condition["type"] == FAILED else SUCCEEDED
    return Outcome(word, status.get("completionTime") or condition.get("lastTransitionTime"))


def put(status: Object, condition: Condition, now: datetime) -> bool:
    """Set a condition in place; False when it was there with this value and reason.

    Running and Restarting replace each other, both end when the job does, and nothing changes
    after Failed.
    """
    before = find(status, condition.type)
    same = (before.get("status"), before.get("reason")) == (condition.status, condition.reason)
    if holds(status, FAILED) or same:
        return False
    new = {**following(before, condition, now), "lastUpdateTime": stamp(now)}
    *others, _ = replaced(status, new)
    kept = [_after(one, condition.type, now) for one in others if not _replaces(condition.type, one["type"])]
    status["conditions"] = [*kept, new]
    return True


def _replaces(new: str, old: str) -> bool:
    return {new, old} == {RUNNING, RESTARTING}


def _after(condition: Object, new: str, now: datetime) -> Object:
    """The other condition as it is after `new` was set."""
    ends = new in (SUCCEEDED, FAILED) and condition["type"] in (RUNNING, RESTARTING)
    if not ends or condition["status"] == "False":
        return condition
    return {**condition, "status": "False", "lastUpdateTime": stamp(now), "lastTransitionTime": stamp(now)}
