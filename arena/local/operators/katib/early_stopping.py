"""Median stopping: a trial ends early if its best value so far is worse than the others' median.

The rule of a trial is made when the trial is, of the trials that have succeeded by then, as in Katib: the
mean of the first values of each, and the median of these.
"""

import math
from collections.abc import Iterable

from arena.local.objects import Object
from arena.local.operators.katib import kinds, observations

MEDIAN = "medianstop"
SETTINGS = {"min_trials_required": 3, "start_step": 4}
"""The settings and their defaults."""
COMPARISONS = {"less": lambda value, limit: value < limit, "greater": lambda value, limit: value > limit}


def settings(spec: Object) -> dict[str, int]:
    """The settings of `earlyStopping`; invalid ones, which `validation` refuses, are the defaults."""
    given = {one.get("name"): str(one.get("value")) for one in spec.get("algorithmSettings") or []}
    return {
        name: int(given[name]) if given.get(name, "").isdecimal() else usual
        for name, usual in SETTINGS.items()
    }


def rules(spec: Object, means: Iterable[float]) -> list[Object]:
    """The rules of a new trial.

    Args:
        spec: the spec of the Experiment.
        means: of the first values of each trial that has succeeded.
    """
    stopping, objective = spec.get("earlyStopping"), spec["objective"]
    known = list(means)
    if not stopping or len(known) < settings(stopping)["min_trials_required"]:
        return []
    comparison = "less" if objective["type"] == kinds.MAXIMIZE else "greater"
    rule = {"name": objective["objectiveMetricName"], "value": repr(_median(known)), "comparison": comparison}
    return [{**rule, "startStep": settings(stopping)["start_step"]}]


def _median(values: list[float]) -> float:
    """The median. The module `statistics` would load much that the server does not need otherwise."""
    found = sorted(values)
    middle = len(found) // 2
    return found[middle] if len(found) % 2 else (found[middle - 1] + found[middle]) / 2


def mean(values: list[float], steps: int) -> float | None:
    """The mean of the first values of a trial; None if it has reported fewer, or one is not finite."""
    first = values[:steps]
    return sum(first) / steps if len(first) == steps and all(map(math.isfinite, first)) else None


def met(spec: Object, logs: list[Object]) -> str:
    """Which rule of a trial's spec its values so far meet; "" if they meet none."""
    for rule in spec.get("earlyStoppingRules") or []:
        found = observations.series(logs, rule["name"], spec["primaryContainerName"])
        number = sum(one["count"] for one in found)
        side = "max" if rule["comparison"] == "less" else "min"
        values = [float(one[side]) for one in found if side in one]
        if not values or number < max(1, int(rule.get("startStep") or 1)):
            continue
        value = max(values) if side == "max" else min(values)
        if COMPARISONS[rule["comparison"]](value, float(rule["value"])):
            return (
                f"after {number} values, its best {rule['name']} of {value:g} is {rule['comparison']} than "
                f"{float(rule['value']):g}, the median of the other trials"
            )
    return ""
