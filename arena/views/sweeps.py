"""Sweeps: their list, the page of one with its trials, and the keys of their JSON."""

import math
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from arena.model.sweeps import Goal, Sweep, Trial
from arena.search import grammar
from arena.search.assignments import Value, shown
from arena.search.parameters import Parameter
from arena.views import times
from arena.views.noun import Noun
from arena.views.table import Column, pairs, ruled

BEST = "*"
"""The mark of the best trial, or of each trial on the front."""
_PRECISION = 6
"""Significant digits of numbers in tables; JSON has all."""


def number(value: float) -> str:
    """A number for people: `0.984615`, `1e-05`, `16`."""
    return f"{value:.{_PRECISION}g}" if math.isfinite(value) else str(value)


def assigned(value: Value | None) -> str:
    """The value of a parameter for people."""
    if value is None:
        return "-"
    return number(value) if isinstance(value, float) else shown(value)


def goal(one: Goal) -> str:
    """What is optimized: `max accuracy (goal 0.95)`."""
    wanted = f" (goal {number(one.goal)})" if one.goal is not None else ""
    return f"{'max' if one.maximize else 'min'} {one.metric}{wanted}"


def progress(one: Sweep) -> str:
    """`12/60`: the number of trials that have ended, and of all that may run."""
    most = one.max_trials if one.max_trials is not None else "?"
    return f"{one.counts().ended}/{most}"


def result(one: Sweep) -> str:
    """The best value of the first metric; "-" if there is none."""
    best = one.best()
    return number(best.metrics[one.objectives[0].metric]) if best else "-"


def summary(one: Sweep, seconds: float) -> str:
    """One line of progress: phase, trials, best value, seconds waited."""
    counts = one.counts()
    facts = [one.phase.value, f"{progress(one)} trials", f"{counts.running} running"]
    facts += [f"{counts.failed} failed"] if counts.failed else []
    facts += [f"best {one.objectives[0].metric} {result(one)}", f"{int(seconds)}s"]
    return f"{one.name}: " + "  ".join(facts)


def page(one: Sweep, now: datetime) -> str:
    """Everything about one sweep: its options, its parameters, and its trials, the best first."""
    sections = [_header(one, now)]
    if one.parameters:
        rows = [(name, values + _importance(one, name)) for name, values in map(_parameter, one.parameters)]
        sections.append("Parameters:\n" + "\n".join(f"  {line}" for line in pairs(rows).splitlines()))
    if one.trials:
        sections.append("Trials:\n" + ruled(trial_columns(one), one.ranked(), now))
    if one.imported:
        sections.append("Imported:\n" + ruled(_imported_columns(one), one.imported, now))
    return "\n\n".join(sections)


def _parameter(one: Parameter) -> tuple[str, str]:
    name, _, values = grammar.text_of(one).partition("=")
    return name, values


def _importance(one: Sweep, name: str) -> str:
    shares = {metric: found[name] for metric, found in one.importance.items() if name in found}
    several = len(one.objectives) > 1
    told = [f"{share:.0%}" + (f" for {metric}" if several else "") for metric, share in shares.items()]
    return f"  (importance {', '.join(told)})" if told else ""


def _with_settings(name: str, settings: Mapping[str, str]) -> str:
    told = ", ".join(f"{key}={value}" for key, value in settings.items())
    return f"{name} ({told})" if told else name


def _limits(one: Sweep, now: datetime) -> Iterator[tuple[str, Any]]:
    """The limits that are set, and how much of them is used."""
    yield "Parallel", one.parallel
    if one.max_failed is not None:
        yield "MaxFailed", one.max_failed
    if one.budget.seconds is not None:
        limit = timedelta(seconds=one.budget.seconds)
        yield "Timeout", f"{times.span(one.duration(now))} of {times.span(limit)} used"
    if one.budget.gpu_hours is not None:
        hours = number(round(one.budget.gpu_hours_used(now), 3))
        yield "GPUHours", f"{hours} of {number(one.budget.gpu_hours)} used"


def _header(one: Sweep, now: datetime) -> str:
    return pairs(
        [
            ("Name", one.name),
            ("Status", one.phase.value),
            *([("Reason", one.reason)] if one.reason else []),
            ("Namespace", one.namespace),
            ("Trainer", (one.kind or one.type or "N/A").upper()),
            ("Engine", one.engine),
            ("Algorithm", _with_settings(one.algorithm, one.settings)),
            ("Metric", ", ".join(map(goal, one.objectives))),
            *(
                [("EarlyStopping", _with_settings(one.early_stopping, one.early_stop_settings))]
                if one.early_stopping
                else []
            ),
            ("Trials", _counts(one)),
            *_limits(one, now),
            ("Best", best(one)),
            *(
                [("Front", f"{len(one.front())} trials, marked with {BEST}")]
                if len(one.objectives) > 1
                else []
            ),
            ("Duration", times.span(one.duration(now))),
            ("CreateTime", times.clock(one.created)),
            ("EndTime", times.clock(one.ended)),
        ]
    )


def _counts(one: Sweep) -> str:
    found = one.counts()
    known = zip(found._fields, found, strict=True)
    states = ", ".join(f"{count} {state}" for state, count in known if count)
    return progress(one) + (f" ({states})" if states else "")


def best(one: Sweep) -> str:
    """The best value of the first metric, and how it was achieved; `N/A` if no trial has one."""
    found = one.best()
    if found is None:
        return "N/A"
    return f"{one.objectives[0].metric} {result(one)} by trial {found.number} ({_values(found)})"


def _values(one: Trial) -> str:
    return ", ".join(f"{name}={assigned(value)}" for name, value in one.assignments.items())


def trial_page(one: Trial, now: datetime) -> str:
    """Everything about one trial."""
    metrics = [(name, number(value)) for name, value in one.metrics.items()]
    return pairs(
        [
            ("Trial", f"{one.number} ({one.name})"),
            ("Status", one.status),
            *([("Reason", one.reason)] if one.reason else []),
            *metrics,
            *((name, assigned(value)) for name, value in one.assignments.items()),
            ("Duration", times.span(one.duration(now))),
        ]
    )


def trial_columns(one: Sweep) -> tuple[Column[Trial], ...]:
    """The columns of the trials of a sweep: their states, their metrics, and their values."""
    marked = {each.name for each in one.marked()}
    known = [*(each.metric for each in one.objectives), *one.metrics]
    names = list(dict.fromkeys(name for trial in one.trials for name in trial.assignments))
    return (
        Column("", lambda trial, now: BEST if trial.name in marked else ""),
        Column("TRIAL", lambda trial, now: trial.number),
        Column("STATUS", lambda trial, now: trial.status),
        *map(_metric, known),
        *map(_assignment, names),
        Column("DURATION", lambda trial, now: times.span(trial.duration(now)) if trial.started else "-"),
        *([_REASON] if any(trial.reason for trial in one.trials) else []),
    )


def _imported_columns(one: Sweep) -> tuple[Column[Trial], ...]:
    names = dict.fromkeys(name for job in one.imported for name in job.assignments)
    known = (each.metric for each in one.objectives)
    return (Column("JOB", lambda job, now: job.name), *map(_metric, known), *map(_assignment, names))


def achieved(one: Trial) -> str:
    """The metrics and the values of a trial in one line: `accuracy=0.93, lr=0.1`."""
    metrics = [f"{name}={number(value)}" for name, value in one.metrics.items()]
    return ", ".join([*metrics, *filter(None, [_values(one)])])


_REASON: Column[Trial] = Column("REASON", lambda trial, now: trial.reason or "-")


def _metric(name: str) -> Column[Trial]:
    return Column(name, lambda trial, now: number(trial.metrics[name]) if name in trial.metrics else "-")


def _assignment(name: str) -> Column[Trial]:
    return Column(name, lambda trial, now: assigned(trial.assignments.get(name)))


def data(one: Sweep, now: datetime) -> dict[str, Any]:
    """The sweep as JSON, with its trials in the order of their creation."""
    best, counts = one.best(), one.counts()
    return {
        "name": one.name,
        "namespace": one.namespace,
        "uuid": one.uid,
        "engine": one.engine,
        "status": one.phase.value,
        "reason": one.reason,
        "trainer": one.kind,
        "type": one.type,
        "algorithm": one.algorithm,
        "settings": dict(one.settings),
        "objectives": [goal_data(each) for each in one.objectives],
        "metrics": list(one.metrics),
        "parameters": dict(map(_parameter, one.parameters)),
        "constraints": list(one.constraints),
        "earlyStopping": one.early_stopping,
        "earlyStopSettings": dict(one.early_stop_settings),
        "timeoutSeconds": one.budget.seconds,
        "maxGpuHours": one.budget.gpu_hours,
        "gpuHoursUsed": one.budget.gpu_hours_used(now),
        "importance": {metric: dict(shares) for metric, shares in one.importance.items()},
        "front": [each.name for each in one.front()] if len(one.objectives) > 1 else [],
        "maxTrials": one.max_trials,
        "parallel": one.parallel,
        "maxFailed": one.max_failed,
        "counts": counts._asdict(),
        "best": best.name if best else "",
        "creationTimestamp": times.stamp(one.created),
        "completionTime": times.stamp(one.ended),
        "submitter": one.submitter,
        "managed": one.ours,
        "trials": [trial_data(each, now) for each in one.trials],
        "imported": [trial_data(each, now) for each in one.imported],
    }


def goal_data(one: Goal) -> dict[str, Any]:
    """What is optimized, as JSON."""
    return {"metric": one.metric, "type": "maximize" if one.maximize else "minimize", "goal": one.goal}


def trial_data(one: Trial, now: datetime) -> dict[str, Any]:
    """A trial as JSON; NaN and infinity are texts, as JSON has no such numbers."""
    return {
        "name": one.name,
        "number": one.number,
        "status": one.status,
        "reason": one.reason,
        "assignments": dict(one.assignments),
        "metrics": {name: _plain(value) for name, value in one.metrics.items()},
        "job": one.job,
        "trainer": one.kind,
        "duration": f"{int(one.duration(now).total_seconds())}s",
        "startTime": times.stamp(one.started),
        "completionTime": times.stamp(one.ended),
        "points": [{**point._asdict(), "value": _plain(point.value)} for point in one.points],
    }


def _plain(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def _submitter(one: Sweep, now: datetime) -> str:
    return one.submitter or "N/A"


SWEEPS: Noun[Sweep] = Noun(
    plural="sweeps",
    columns=(
        Column("NAMESPACE", lambda one, now: one.namespace, everywhere=True),
        Column("NAME", lambda one, now: one.name),
        Column("STATUS", lambda one, now: one.phase.value),
        Column("TRAINER", lambda one, now: (one.kind or one.type or "N/A").upper()),
        Column("ALGORITHM", lambda one, now: one.algorithm),
        Column("TRIALS", lambda one, now: progress(one)),
        Column("METRIC", lambda one, now: one.objectives[0].metric),
        Column("BEST", lambda one, now: result(one)),
        Column("DURATION", lambda one, now: times.span(one.duration(now)), short="TIME"),
        Column("RUNNING", lambda one, now: one.counts().running, wide=True),
        Column("FAILED", lambda one, now: one.counts().failed, wide=True),
        Column("SUBMITTER", _submitter, wide=True),
        Column("REASON", lambda one, now: one.reason or "-", wide=True),
    ),
    data=data,
    page=page,
)
"""Sweeps, as `list` and `get` show them."""
