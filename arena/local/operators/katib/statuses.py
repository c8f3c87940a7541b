"""The conditions of Experiments, Suggestions and Trials, which Katib keeps in the order of their changes."""

from datetime import datetime

from arena.local.machinery import conditions
from arena.local.machinery.clock import stamp
from arena.local.machinery.conditions import Condition
from arena.local.objects import Object
from arena.local.operators.katib.kinds import FINAL, RESTARTING, RUNNING, SUCCEEDED

EXHAUSTED = "SuggestionEndReached"
"""The reason of a Suggestion's condition Succeeded once there is nothing left to try."""
_ACTIVE = (RUNNING, RESTARTING)


def mark(status: Object, condition: Condition, now: datetime) -> bool:
    """Set a condition, as the last one; False when it was there with this reason and message.

    An end ends Running and Restarting; what runs again has not ended.
    """
    before = conditions.find(status, condition.type)
    if all(before.get(name) == getattr(condition, name) for name in ("status", "reason", "message")):
        return False
    new = {**conditions.following(before, condition, now), "lastUpdateTime": stamp(now)}
    *others, _ = conditions.replaced(status, new)
    status["conditions"] = [*(one for old in others for one in _after(old, condition.type, now)), new]
    return True


def _after(old: Object, new: str, now: datetime) -> list[Object]:
    """What is left of another condition once the condition `new` holds."""
    if new in _ACTIVE and old["type"] in (*_ACTIVE, *FINAL):
        return []
    if new in FINAL and old["type"] in _ACTIVE and old["status"] == "True":
        return [{**old, "status": "False", "lastUpdateTime": stamp(now), "lastTransitionTime": stamp(now)}]
    return [old]


def phase(status: Object) -> str:
    """The condition by which a trial or an experiment has ended; else Running, or "" before it runs."""
    held = {one["type"] for one in status.get("conditions") or [] if one["status"] == "True"}
    return next((one for one in (*FINAL, RUNNING) if one in held), "")


def is_final(status: Object) -> bool:
    """Whether it has ended."""
    return phase(status) in FINAL


def is_exhausted(status: Object) -> bool:
    """Whether a Suggestion has nothing left to try."""
    return bool(conditions.find(status, SUCCEEDED).get("reason") == EXHAUSTED)
