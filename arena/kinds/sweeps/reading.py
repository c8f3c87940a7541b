"""An Experiment of Katib and its Trials as a Sweep, whoever created them."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from arena import labels, units
from arena.kinds.kind import Object
from arena.model.jobs import Phase
from arena.model.sweeps import Goal, Point, Sweep, Trial
from arena.search import katib
from arena.search.assignments import SearchError
from arena.search.parameters import Parameter
from arena.values import replace

KATIB = "katib"
PAUSED, STOPPED = "ExperimentPaused", "ExperimentStopped"
"""The reasons of the condition Succeeded of Experiments that arena has paused or stopped."""
SOURCES = {"StdOut": "stdout", "File": "file", "TensorFlowEvent": "tensorboard"}

_UNAVAILABLE = "unavailable"
_ENDS = {
    "ExperimentGoalReached": "the goal was reached",
    "ExperimentMaxTrialsReached": "",
    "ExperimentSuggestionEndReached": "all combinations were tried",
    STOPPED: "it was stopped",
    PAUSED: "it is paused",
}
_PHASES = {
    "Failed": Phase.FAILED,
    "Succeeded": Phase.SUCCEEDED,
    "Restarting": Phase.RESTARTING,
    "Running": Phase.RUNNING,
    "Created": Phase.PENDING,
}
_TRIAL_PHASES = {
    "Killed": Phase.FAILED,
    "Failed": Phase.FAILED,
    "Succeeded": Phase.SUCCEEDED,
    "EarlyStopped": Phase.SUCCEEDED,
    "MetricsUnavailable": Phase.FAILED,
    "Running": Phase.RUNNING,
    "Created": Phase.PENDING,
}
"""The phase for each condition, the one that counts first before the others."""
KindOf = Callable[[Object], str]
"""Object of a job -> the name of its kind; "" if arena does not know it."""


def condition(obj: Object, known: Mapping[str, Phase]) -> Mapping[str, Any]:
    """The condition that says how an object fares; {} if there is none."""
    there = (obj.get("status") or {}).get("conditions") or ()
    true = {one.get("type"): one for one in there if str(one.get("status")) == "True"}
    return next((true[one] for one in known if one in true), {})


def experiment_condition(obj: Object) -> Mapping[str, Any]:
    """The condition that says how an Experiment fares."""
    return condition(obj, _PHASES)


def trial_spec(obj: Object) -> dict[str, Any]:
    """The object of each trial, with holes for the values; {} if it is in a ConfigMap."""
    found = ((obj.get("spec") or {}).get("trialTemplate") or {}).get("trialSpec")
    return found if isinstance(found, dict) else {}


def sweep(obj: Object, kind_of: KindOf) -> Sweep:
    """An Experiment as a Sweep, without its trials."""
    meta, spec = obj["metadata"], obj.get("spec") or {}
    job, algorithm, early = trial_spec(obj), spec.get("algorithm") or {}, spec.get("earlyStopping") or {}
    phase, reason = _state(obj)
    return Sweep(
        name=meta["name"],
        namespace=meta.get("namespace", ""),
        engine=KATIB,
        kind=kind_of(job) if job else "",
        type=str(job.get("kind") or ""),
        algorithm=str(algorithm.get("algorithmName") or ""),
        settings=_settings(algorithm),
        objectives=(_goal(spec),),
        metrics=tuple(map(str, (spec.get("objective") or {}).get("additionalMetricNames") or ())),
        parameters=_parameters(spec),
        phase=phase,
        reason=reason,
        max_trials=spec.get("maxTrialCount"),
        parallel=spec.get("parallelTrialCount") or 1,
        max_failed=spec.get("maxFailedTrialCount"),
        early_stopping=str(early.get("algorithmName") or ""),
        early_stop_settings=_settings(early),
        created=units.when(meta.get("creationTimestamp")),
        ended=units.when((obj.get("status") or {}).get("completionTime")) if phase.is_final else None,
        ours=labels.managed(meta.get("labels") or {}),
        uid=meta.get("uid", ""),
        submitter=(meta.get("annotations") or {}).get(labels.SUBMITTER, ""),
    )


def _state(obj: Object) -> tuple[Phase, str]:
    """The phase of an Experiment and the reason for it."""
    found = experiment_condition(obj)
    phase = _PHASES.get(str(found.get("type")), Phase.PENDING)
    reason = str(found.get("reason") or "")
    if phase is Phase.SUCCEEDED:
        return (Phase.SUSPENDED if reason == PAUSED else phase), _ENDS.get(reason, reason)
    return phase, str(found.get("message") or "") if phase is Phase.FAILED else ""


def _settings(algorithm: Object) -> dict[str, str]:
    given = algorithm.get("algorithmSettings") or ()
    return {str(one.get("name")): str(one.get("value")) for one in given}


def _goal(spec: Object) -> Goal:
    objective = spec.get("objective") or {}
    wanted = objective.get("goal")
    return Goal(
        metric=str(objective.get("objectiveMetricName") or ""),
        maximize=objective.get("type") != "minimize",
        goal=None if wanted is None else _float(wanted),
    )


def _parameters(spec: Object) -> tuple[Parameter, ...]:
    """The parameters, except those that only Katib's other algorithms know."""

    def read() -> Iterator[Parameter]:
        for one in spec.get("parameters") or ():
            try:
                yield katib.read_parameter(one)
            except SearchError:
                continue

    return tuple(read())


def suggested(obj: Object) -> tuple[str, ...]:
    """The names of the trials that a Suggestion knows, in the order in which Katib creates them."""
    return tuple(str(one.get("name")) for one in (obj.get("status") or {}).get("suggestions") or ())


def trials(
    obj: Object, found: Sequence[Object], kind_of: KindOf, order: Sequence[str] = ()
) -> tuple[Trial, ...]:
    """The Trials of an Experiment in the order of their creation.

    Args:
        order: names of trials; it decides between those that were created within the same second.
    """
    places = {name: place for place, name in enumerate(order)}

    def key(one: Object) -> tuple[str, int, str]:
        meta = one["metadata"]
        return meta.get("creationTimestamp") or "", places.get(meta["name"], len(places)), str(meta["name"])

    ordered = sorted(found, key=key)
    return tuple(_trial(obj, one, number, kind_of) for number, one in enumerate(ordered, 1))


def _trial(experiment: Object, obj: Object, number: int, kind_of: KindOf) -> Trial:
    meta, spec, status = obj["metadata"], obj.get("spec") or {}, obj.get("status") or {}
    found = condition(obj, _TRIAL_PHASES)
    said = str(found.get("type") or "")
    phase = _TRIAL_PHASES.get(said, Phase.PENDING)
    run = spec.get("runSpec") or trial_spec(experiment)
    objective = spec.get("objective") or (experiment.get("spec") or {}).get("objective") or {}
    pairs = spec.get("parameterAssignments") or ()
    return Trial(
        name=meta["name"],
        namespace=meta.get("namespace", ""),
        number=number,
        phase=phase,
        stopped=said in ("Killed", "EarlyStopped"),
        assignments=katib.assignments_of(pairs, _parameters(experiment.get("spec") or {})),
        metrics=dict(_metrics(status, objective)),
        job=meta["name"],
        kind=kind_of(run) if run else "",
        reason=_reason(said, found, objective),
        started=units.when(status.get("startTime")),
        ended=units.when(status.get("completionTime")) if phase.is_final else None,
    )


def _reason(said: str, found: Mapping[str, Any], objective: Object) -> str:
    if said == "MetricsUnavailable":
        return f"it reported no value of {objective.get('objectiveMetricName')}"
    if said in ("Killed", "EarlyStopped"):
        return "it was stopped early" if said == "EarlyStopped" else "it was stopped"
    return str(found.get("message") or "") if said == "Failed" else ""


def _metrics(status: Object, objective: Object) -> Iterator[tuple[str, float]]:
    """The result of each metric, by the strategy of the experiment."""
    given = objective.get("metricStrategies") or ()
    ways = {str(one.get("name")): str(one.get("value")) for one in given}
    usual = "min" if objective.get("type") == "minimize" else "max"
    for one in (status.get("observation") or {}).get("metrics") or ():
        name = str(one.get("name"))
        text = one.get(ways.get(name, usual), _UNAVAILABLE)
        value = _float(one.get("latest") if text == _UNAVAILABLE else text)
        if value is not None:
            yield name, value


def _float(text: object) -> float | None:
    try:
        return float(str(text))
    except ValueError:
        return None


def observed(one: Trial, logs: Sequence[Object], sweep: Sweep) -> Trial:
    """The trial with the values of the metrics that the local cluster keeps of its pods."""
    points = tuple(sorted(_points(logs), key=lambda point: (point.metric, point.step)))
    metrics = dict(one.metrics)
    for goal in sweep.objectives:
        seen = [point.value for point in points if point.metric == goal.metric and math.isfinite(point.value)]
        if seen and goal.metric not in metrics:
            metrics[goal.metric] = min(seen, key=goal.loss)
    return replace(one, points=points, metrics=metrics) if points else one


def _points(logs: Sequence[Object]) -> Iterator[Point]:
    for log in logs:
        for metric in (log.get("status") or {}).get("metrics") or ():
            for step, each in enumerate(metric.get("values") or ()):
                value = _float(each.get("value"))
                if value is not None:
                    yield Point(str(metric.get("name")), step, value)
