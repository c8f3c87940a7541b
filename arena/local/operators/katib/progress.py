"""What the status of an Experiment says of its trials: counts, lists, the best one, and how it ends."""

from collections.abc import Collection, Iterable

from arena.local.machinery.conditions import Condition
from arena.local.objects import Object
from arena.local.operators.katib.kinds import (
    EARLY_STOPPED,
    FAILED,
    KILLED,
    MAXIMIZE,
    METRICS_UNAVAILABLE,
    RUNNING,
    SUCCEEDED,
)
from arena.local.operators.katib.trial_index import Summary

_COUNTS = {
    SUCCEEDED: ("trialsSucceeded", "succeededTrialList"),
    FAILED: ("trialsFailed", "failedTrialList"),
    KILLED: ("trialsKilled", "killedTrialList"),
    EARLY_STOPPED: ("trialsEarlyStopped", "earlyStoppedTrialList"),
    METRICS_UNAVAILABLE: ("trialMetricsUnavailable", "metricsUnavailableTrialList"),
    RUNNING: ("trialsRunning", "runningTrialList"),
    "": ("trialsPending", "pendingTrialList"),
}
GOAL, MAX, END, FAILURE = (
    "ExperimentGoalReached",
    "ExperimentMaxTrialsReached",
    "ExperimentSuggestionEndReached",
    "ExperimentFailed",
)


def summarize(status: Object, trials: Collection[Summary], objective: Object) -> None:
    """Set the counts, the lists and the best trial, in place; empty lists are left out, as Katib does."""
    by_phase: dict[str, list[str]] = {phase: [] for phase in _COUNTS}
    for one in trials:
        by_phase[one.phase].append(one.name)
    status["trials"] = len(trials)
    for phase, (number, listed) in _COUNTS.items():
        status[number] = len(by_phase[phase])
        status.pop(listed, None)
        if by_phase[phase]:
            status[listed] = by_phase[phase]
    best = optimum(trials, objective)
    status["currentOptimalTrial"] = {"observation": {}}
    if best is not None:
        status["currentOptimalTrial"] = {
            "bestTrialName": best.name,
            "parameterAssignments": best.assignments,
            "observation": {"metrics": best.metrics},
        }


def optimum(trials: Iterable[Summary], objective: Object) -> Summary | None:
    """The best trial that succeeded, the first of equals; None if there is none."""
    sign = -1 if objective["type"] == MAXIMIZE else 1
    found = (one for one in trials if one.phase == SUCCEEDED and one.value is not None)
    return min(found, key=lambda one: sign * (one.value or 0.0), default=None)


def verdict(spec: Object, trials: Collection[Summary]) -> Condition | None:
    """How the Experiment ends by what its trials have reached; None if it goes on."""
    ended = [one for one in trials if not one.is_active]
    failed = sum(one.phase in (FAILED, METRICS_UNAVAILABLE) for one in ended)
    if _reaches_goal(spec["objective"], trials):
        return Condition(SUCCEEDED, GOAL, "Experiment has succeeded because Objective goal has reached")
    # With a limit of 0, the first failure is the last.
    if spec.get("maxFailedTrialCount") is not None and failed >= max(spec["maxFailedTrialCount"], 1):
        return Condition(FAILED, FAILURE, "Experiment has failed because max failed count has reached")
    if spec.get("maxTrialCount") is not None and len(ended) >= spec["maxTrialCount"]:
        return Condition(SUCCEEDED, MAX, "Experiment has succeeded because max trial count has reached")
    return None


def _reaches_goal(objective: Object, trials: Iterable[Summary]) -> bool:
    goal, best = objective.get("goal"), optimum(trials, objective)
    if goal is None or best is None or best.value is None:
        return False
    return best.value >= float(goal) if objective["type"] == MAXIMIZE else best.value <= float(goal)
