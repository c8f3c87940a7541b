"""Conditions in a status: how they are found, follow each other, and are told by Events.

`put` and `announce` keep the rules of kubeflow.org jobs, which other training kinds share.
"""

from datetime import datetime
from typing import NamedTuple

from arena.local.objects import Object, Objects, Resource
from arena.local.operators.clock import stamp
from arena.local.operators.writes import event

CREATED = "Created"
RUNNING = "Running"
RESTARTING = "Restarting"
SUCCEEDED = "Succeeded"
SUSPENDED = "Suspended"
FAILED = "Failed"


class Words(NamedTuple):
    """What a condition says."""

    kind: str
    reason: str
    message: str
    value: str = "True"


def find(status: Object, kind: str) -> Object:
    """The condition `kind`; {} where there is none."""
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


def following(before: Object, words: Words, now: datetime) -> Object:
    """The condition that comes after `before` ({}: after none); it keeps the time of the same status."""
    same = before.get("status") == words.value
    return {
        "type": words.kind,
        "status": words.value,
        "reason": words.reason,
        "message": words.message,
        "lastTransitionTime": before["lastTransitionTime"] if same else stamp(now),
    }


def replaced(status: Object, new: Object) -> list[Object]:
    """The conditions of a status, with `new` instead of the one of its type."""
    return [*(one for one in status.get("conditions") or [] if one["type"] != new["type"]), new]


def is_finished(status: Object) -> bool:
    """Whether the job succeeded or failed, which is for ever."""
    return holds(status, SUCCEEDED) or holds(status, FAILED)


def announce(
    objects: Objects,
    parent: tuple[Resource, Object],
    status: Object,
    words: Words,
    now: datetime,
    urgency: str = "Normal",
) -> None:
    """Set a condition and, when it is new, tell it by an Event."""
    if put(status, words, now):
        event(objects, parent, now, urgency, words.reason, words.message)


def put(status: Object, words: Words, now: datetime) -> bool:
    """Set a condition in place; False when it was there with this value and reason.

    Running and Restarting replace each other, both end when the job does, and nothing changes
    after Failed.
    """
    before = find(status, words.kind)
    same = (before.get("status"), before.get("reason")) == (words.value, words.reason)
    if holds(status, FAILED) or same:
        return False
    new = {**following(before, words, now), "lastUpdateTime": stamp(now)}
    *others, _ = replaced(status, new)
    kept = [_after(one, words.kind, now) for one in others if not _replaces(words.kind, one["type"])]
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
