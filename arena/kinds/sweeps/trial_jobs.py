"""Jobs that are the trials of a sweep without Katib: what their annotations record, and the sweep they form.

Each trial carries the whole search, so any of them is enough to go on after the process that ran the sweep
has ended. Its result is written on it once it has ended, so later readers need no logs.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from arena import labels, units
from arena.errors import SpecError
from arena.kinds.kind import Object
from arena.kinds.sweeps import imports
from arena.kinds.sweeps.imports import Imported
from arena.kinds.sweeps.spec import FOREGROUND, SweepSpec
from arena.model.jobs import Job, Phase
from arena.model.sweeps import Budget, Point, Sweep, Trial
from arena.search.assignments import Value
from arena.values import field, frozen, replace

SELECTOR = f"{labels.SWEEP_ENGINE}={FOREGROUND}"
POINTS = 100
"""The number of values of each metric that a result holds."""
GONE = "its process has ended before the sweep did"
STOPPED, PAUSED = "it was stopped", "paused"
"""Ends of a sweep that a user asked for."""
FAILED = "failed: "
"""How the end of a sweep begins that has failed."""
TIMED_OUT, SPENT = "the time limit was reached", "all GPU hours were used"
"""Ends of a sweep by a limit that no further trials extend."""


@frozen
class Search:
    """What a sweep was asked for, as its trials record it."""

    kind: str
    """The name of the kind of its jobs."""
    sweep: Mapping[str, Any]
    """The options of the search."""
    job: Mapping[str, Any]
    """The options of the job, with placeholders."""
    created: str
    """RFC 3339."""
    imported: Sequence[Imported] = ()
    """Jobs that the search knows as if they were trials, as far as this trial was told of them."""

    @property
    def spec(self) -> SweepSpec:
        """The options of the search; raises SpecError if arena did not write them."""
        from arena.kinds.spec import parse

        return parse(SweepSpec, self.sweep)


@frozen
class Result:
    """How a trial ended."""

    state: str
    """`succeeded`, `failed` or `stopped`."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    points: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Metric -> its values in their order, thinned out."""
    reason: str = ""
    gpu_hours: float = 0.0
    """What it used, as the cluster may forget when a stopped job started."""


@frozen
class Mark:
    """What a job says of itself as a trial."""

    search: Search
    number: int
    assignments: Mapping[str, Value]
    parent: str = ""
    """The trial from whose checkpoint it goes on; "" if it starts anew."""
    result: Result | None = None
    """None until its end has been recorded."""
    end: Mapping[str, str] = field(default_factory=dict)
    """How the sweep ended: `reason` and `at`; only on its first trial."""


def marked(job: Object, sweep: str, mark: Mark) -> dict[str, Any]:
    """The object of a trial: a job with the labels and annotations of its sweep."""
    meta = job["metadata"]
    trial = {"number": mark.number, "assignments": dict(mark.assignments), "parent": mark.parent}
    own = {labels.SWEEP: sweep, labels.SWEEP_ENGINE: FOREGROUND}
    notes = {labels.SWEEP_SEARCH: _written(mark.search), labels.TRIAL: json.dumps(trial)}
    return {
        **job,
        "metadata": {
            **meta,
            "labels": {**(meta.get("labels") or {}), **own},
            "annotations": {**(meta.get("annotations") or {}), **notes},
        },
    }


def _written(search: Search) -> str:
    known = {"kind": search.kind, "sweep": dict(search.sweep), "job": dict(search.job)}
    return json.dumps({**known, "created": search.created, "imported": imports.written(search.imported)})


def importing(mark: Mark, more: Sequence[Imported]) -> dict[str, Any]:
    """The patch of a trial that tells it of imported jobs."""
    told = replace(mark.search, imported=imports.united(mark.search.imported, more))
    return {"metadata": {"annotations": {labels.SWEEP_SEARCH: _written(told)}}}


def note(result: Result) -> dict[str, Any]:
    """The patch that records the result of a trial."""
    known = {
        "state": result.state, "metrics": dict(result.metrics),
        "points": {name: thinned(values) for name, values in result.points.items()},
        "reason": result.reason, "gpuHours": result.gpu_hours,
    }  # fmt: skip
    return {"metadata": {"annotations": {labels.TRIAL_RESULT: json.dumps(known)}}}


def note_of_end(reason: str, at: datetime) -> dict[str, Any]:
    """The patch of the first trial that records the end of the sweep."""
    text = json.dumps({"reason": reason, "at": units.rfc3339(at)})
    return {"metadata": {"annotations": {labels.SWEEP_END: text}}}


def extended(mark: Mark, max_trials: int, at: datetime) -> dict[str, Any]:
    """The patch of the first trial that lets the sweep run more trials, once it is resumed."""
    notes = enlarged(mark, max_trials)["metadata"]["annotations"]
    end = note_of_end(PAUSED, at)["metadata"]["annotations"] if mark.end else {}
    return {"metadata": {"annotations": {**notes, **end}}}


def enlarged(mark: Mark, max_trials: int) -> dict[str, Any]:
    """The patch of the first trial that changes the number of all trials, and nothing else."""
    more = replace(mark.search, sweep={**mark.search.sweep, "max-trials": max_trials})
    return {"metadata": {"annotations": {labels.SWEEP_SEARCH: _written(more)}}}


def reopened() -> dict[str, Any]:
    """The patch of the first trial that removes the end of the sweep."""
    return {"metadata": {"annotations": {labels.SWEEP_END: None}}}


def thinned(values: Sequence[float]) -> list[float]:
    """At most POINTS of the values, evenly chosen, the last one included."""
    if len(values) <= POINTS:
        return list(values)
    return [values[round(at * (len(values) - 1) / (POINTS - 1))] for at in range(POINTS)]


def selector(sweep: str) -> str:
    """The labels of the trials of a sweep."""
    return f"{SELECTOR},{labels.SWEEP}={sweep}"


def sweep_of(obj: Object) -> str:
    """The name of the sweep that a job is a trial of; "" if it is none of a foreground sweep."""
    own = obj["metadata"].get("labels") or {}
    return str(own.get(labels.SWEEP) or "") if own.get(labels.SWEEP_ENGINE) == FOREGROUND else ""


def mark_of(obj: Object) -> Mark:
    """What a trial's annotations record; others may have written them.

    Raises:
        SpecError: they are not what arena writes.
    """
    notes = obj["metadata"].get("annotations") or {}
    try:
        search, trial = json.loads(notes[labels.SWEEP_SEARCH]), json.loads(notes[labels.TRIAL])
        given = json.loads(notes.get(labels.TRIAL_RESULT) or "null")
        end = json.loads(notes.get(labels.SWEEP_END) or "{}")
        return Mark(
            search=Search(
                kind=str(search["kind"]), sweep=dict(search["sweep"]), job=dict(search["job"]),
                created=str(search["created"]), imported=imports.read(search.get("imported") or ()),
            ),
            number=int(trial["number"]),
            assignments={str(name): value for name, value in trial["assignments"].items()},
            parent=str(trial.get("parent") or ""),
            result=_result(given) if given else None,
            end={str(key): str(value) for key, value in end.items()},
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError, RecursionError) as error:
        name = obj["metadata"]["name"]
        raise SpecError(
            f'the annotations of the trial "{name}" cannot be read', "they were changed after its creation"
        ) from error


def _result(given: Mapping[str, Any]) -> Result:
    return Result(
        state=str(given["state"]),
        metrics={str(name): float(value) for name, value in given["metrics"].items()},
        points={str(name): tuple(map(float, values)) for name, values in given["points"].items()},
        reason=str(given["reason"]),
        gpu_hours=float(given.get("gpuHours") or 0),
    )


def is_left(job: Job, result: Result | None) -> bool:
    """Whether a trial was stopped by a process that was killed before it ended the pods."""
    stopped = result is not None and result.state == "stopped"
    return stopped and not job.phase.is_final and job.phase is not Phase.SUSPENDED


def trial(job: Job, mark: Mark) -> Trial:
    """A trial of a foreground sweep."""
    known, phase = mark.result, job.phase
    if known:
        phase = Phase.FAILED if known.state == "failed" else Phase.SUCCEEDED
    points = known.points if known else {}
    return Trial(
        name=job.name,
        namespace=job.namespace,
        number=mark.number,
        phase=phase,
        stopped=known is not None and known.state == "stopped",
        assignments=mark.assignments,
        metrics=known.metrics if known else {},
        points=tuple(
            Point(name, step, value) for name, values in points.items() for step, value in enumerate(values)
        ),
        job=job.name,
        kind=job.kind,
        reason=known.reason if known else job.reason,
        started=job.started,
        ended=job.finished,
    )


def sweep(trials: Sequence[tuple[Object, Job, Mark]]) -> Sweep:
    """A sweep that its trials form.

    Args:
        trials: at least one, with the jobs that they are.

    Raises:
        SpecError: the options of the search were not written by arena.
    """
    ordered = sorted(trials, key=lambda one: one[2].number)
    obj, job, mark = ordered[0]
    search, end, spec = mark.search, mark.end, mark.search.spec
    found = tuple(trial(job, mark) for _, job, mark in ordered)
    phase, reason = _state(end, found)
    return Sweep(
        name=sweep_of(obj),
        namespace=job.namespace,
        engine=FOREGROUND,
        kind=search.kind,
        type=obj.get("kind", ""),
        algorithm=spec.algorithm,
        settings=spec.algorithm_setting,
        objectives=spec.goals,
        parameters=spec.parameters,
        constraints=spec.constraint,
        early_stopping=spec.early_stop,
        early_stop_settings=spec.early_stop_setting,
        budget=_budget(spec, [(job, mark.result) for _, job, mark in ordered]),
        phase=phase,
        reason=reason,
        max_trials=spec.max_trials or None,
        max_failed=spec.max_failed,
        parallel=spec.parallel,
        trials=found,
        imported=imports.trials(imported(mark for _, _, mark in ordered), job.namespace, search.kind),
        created=units.when(search.created),
        ended=units.when(end.get("at")) if phase.is_final else None,
        ours=True,
        uid=obj["metadata"].get("uid", ""),
        submitter=(obj["metadata"].get("annotations") or {}).get(labels.SUBMITTER, ""),
    )


def imported(marks: Iterable[Mark]) -> tuple[Imported, ...]:
    """The imported jobs of a sweep, of which not each trial was told."""
    return imports.united(*(one.search.imported for one in marks))


def _budget(spec: SweepSpec, trials: Sequence[tuple[Job, Result | None]]) -> Budget:
    limit = float(spec.max_gpu_hours) if spec.max_gpu_hours else None
    ended = sum(result.gpu_hours for _, result in trials if result)
    return Budget(spec.timeout or None, limit, ended, tuple(job for job, result in trials if not result))


def _state(end: Mapping[str, str], trials: Sequence[Trial]) -> tuple[Phase, str]:
    """The phase of a sweep, and the reason for it."""
    reason = end.get("reason", "")
    if reason == PAUSED:
        return Phase.SUSPENDED, "it is paused"
    if end:
        failed = reason.startswith(FAILED)
        return (Phase.FAILED if failed else Phase.SUCCEEDED), reason.removeprefix(FAILED)
    if all(one.phase.is_final for one in trials):
        return Phase.SUSPENDED, "no trial is running: unless its process still works, resume it"
    return Phase.RUNNING, ""
