"""How far and how fast an autoscaler may change the number of replicas: bounds, windows and policies.

The rules are those of Kubernetes (`pkg/controller/podautoscaler/horizontal.go`).
"""

import math
from datetime import datetime

from arena.local.machinery.conditions import Condition
from arena.local.objects import Object
from arena.local.operators.autoscaling.history import History, since
from arena.tuples import NamedTuple

WINDOW = 300
"""Seconds for which the highest recommendation holds before pods are removed, if the spec names no others."""
MINIMUM, FACTOR = 4, 2
"""Without a behavior, one step leads to so many pods, or to so many times those that there are."""

READY = Condition("AbleToScale", "ReadyForNewScale", "recommended size matches current size")
UP_STABILIZED = Condition(
    "AbleToScale",
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
)
DOWN_STABILIZED = Condition(
    "AbleToScale",
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent recommendation",
)
_LIMITED = {
    "ScaleUpLimit": "the desired replica count is increasing faster than the maximum scale rate",
    "ScaleDownLimit": "the desired replica count is decreasing faster than the maximum scale rate",
    "TooManyReplicas": "the desired replica count is more than the maximum replica count",
    "TooFewReplicas": "the desired replica count is less than the minimum replica count",
    "DesiredWithinRange": "the desired count is within the acceptable range",
}


class Wish(NamedTuple):
    """What an autoscaler is about to request.

    Attributes:
        current: the number of replicas.
        desired: that which the metrics suggest.
        least: the least that the spec allows.
        most: the most.
    """

    current: int
    desired: int
    least: int
    most: int


class Verdict(NamedTuple):
    """The number of replicas to request, and the conditions that tell how it came about."""

    replicas: int
    able: Condition
    limited: Condition


def decide(wish: Wish, behavior: Object | None, history: History, now: datetime) -> Verdict:
    """Hold a wish within the limits, and remember it."""
    stable = _stable(wish, behavior, history, now)
    history.recommend(wish.desired, now)
    able = READY
    if stable != wish.desired:
        up = behavior is not None and wish.desired >= wish.current
        able = UP_STABILIZED if up else DOWN_STABILIZED
    held = wish._replace(desired=stable)
    replicas, reason = _held(held, behavior, history, now) if behavior else _within(held)
    status = "False" if replicas == stable else "True"
    return Verdict(replicas, able, Condition("ScalingLimited", reason, _LIMITED[reason], status))


def _stable(wish: Wish, behavior: Object | None, history: History, now: datetime) -> int:
    """The wish within the recommendations of the windows."""
    recent = history.recommendations
    if behavior is None:
        return max([wish.desired, *since(recent, WINDOW, now)])
    up, down = behavior.get("scaleUp") or {}, behavior.get("scaleDown") or {}
    lowest = min([wish.desired, *since(recent, _window(up, 0), now)])
    highest = max([wish.desired, *since(recent, _window(down, WINDOW), now)])
    return min(max(wish.current, lowest), highest)


def _window(rules: Object, usual: int) -> int:
    given = rules.get("stabilizationWindowSeconds")
    return usual if given is None else int(given)


def _within(wish: Wish) -> tuple[int, str]:
    """The wish within the bounds of the spec, and of one step."""
    step = max(FACTOR * wish.current, MINIMUM)
    most, reason = (step, "ScaleUpLimit") if wish.most > step else (wish.most, "TooManyReplicas")
    if wish.desired < wish.least:
        return wish.least, "TooFewReplicas"
    return (most, reason) if wish.desired > most else (wish.desired, "DesiredWithinRange")


def _held(wish: Wish, behavior: Object, history: History, now: datetime) -> tuple[int, str]:
    """The wish within the bounds of the spec, and of its policies."""
    if wish.desired > wish.current:
        allowed = _allowed(wish.current, behavior.get("scaleUp") or {}, history, now, grows=True)
        limit = max(allowed, wish.current)
        most, reason = (limit, "ScaleUpLimit") if wish.most > limit else (wish.most, "TooManyReplicas")
        if wish.desired > most:
            return most, reason
    elif wish.desired < wish.current:
        allowed = _allowed(wish.current, behavior.get("scaleDown") or {}, history, now, grows=False)
        limit = min(allowed, wish.current)
        least, reason = (limit, "ScaleDownLimit") if wish.least < limit else (wish.least, "TooFewReplicas")
        if wish.desired < least:
            return least, reason
    return wish.desired, "DesiredWithinRange"


def _allowed(current: int, rules: Object, history: History, now: datetime, *, grows: bool) -> int:
    """The number of replicas to which the policies allow a change."""
    choice = rules.get("selectPolicy") or "Max"
    policies = rules.get("policies") or []
    if choice == "Disabled" or not policies:
        return current
    proposals = [_proposed(current, one, history, now, grows=grows) for one in policies]
    # The largest change leads to the most pods if there are to be more, and to the fewest if fewer.
    return max(proposals) if (choice == "Max") is grows else min(proposals)


def _proposed(current: int, policy: Object, history: History, now: datetime, *, grows: bool) -> int:
    """The number of replicas to which one policy allows a change."""
    seconds, value = float(policy["periodSeconds"]), int(policy["value"])
    added, removed = (sum(since(one, seconds, now)) for one in (history.ups, history.downs))
    start = current - added + removed
    if policy["type"] == "Pods":
        return start + value if grows else start - value
    share = value / 100
    return math.ceil(start * (1 + share)) if grows else int(start * (1 - share))
