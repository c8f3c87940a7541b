"""How much each parameter of a sweep matters for its metrics."""

from __future__ import annotations

import math

from arena.model.sweeps import Goal, Sweep, Trial
from arena.search.assignments import SearchError
from arena.search.importance import importance
from arena.search.records import FAILED, RUNNING, STOPPED, SUCCEEDED, Objective, Record
from arena.search.space import Space
from arena.values import replace


def weighed(found: Sweep) -> Sweep:
    """Return the sweep with the importance of its parameters, estimated at once."""
    return replace(found, importance=importances(found, quick=True))


def importances(found: Sweep, *, quick: bool = False) -> dict[str, dict[str, float]]:
    """Return for each metric of a sweep the share of each parameter, the most important one first.

    A metric about which too little is known is missing, and so are all metrics of a sweep whose space arena
    does not understand.

    Args:
        quick: estimate them without Optuna, which takes a second to import.
    """
    try:
        space = Space(parameters=found.parameters, constraints=found.constraints)
        shares = {goal.metric: _shares(space, found, goal, quick) for goal in found.objectives}
    except SearchError:
        return {}
    return {metric: share for metric, share in shares.items() if share}


def _shares(space: Space, found: Sweep, goal: Goal, quick: bool) -> dict[str, float]:
    objective = Objective(metric=goal.metric, maximize=goal.maximize, goal=goal.goal)
    return importance(space, [_record(one, goal) for one in found.trials], [objective], quick=quick)


def _record(one: Trial, goal: Goal) -> Record:
    value = one.metrics.get(goal.metric, math.nan)
    states = {"SUCCEEDED": SUCCEEDED, "FAILED": FAILED, "STOPPED": STOPPED}
    return Record(
        name=one.name,
        assignments=one.assignments,
        state=states.get(one.status, RUNNING),
        values=(value,),
    )
