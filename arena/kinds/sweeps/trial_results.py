"""How a trial that this process has followed ended, from what it reported and from its job."""

import math
from collections.abc import Mapping, Sequence

from arena.kinds.sweeps.metrics_file import is_json
from arena.kinds.sweeps.spec import SweepSpec
from arena.kinds.sweeps.trial_jobs import Result
from arena.model.jobs import Job, Phase
from arena.values import replace


def result(values: Mapping[str, Sequence[float]], spec: SweepSpec, job: Job) -> Result:
    """How a trial ended, from what it reported and from its job.

    Args:
        values: metric -> all that was reported, in its order.
    """
    finite = {name: [one for one in seen if math.isfinite(one)] for name, seen in values.items()}
    ways = {one.metric: one.maximize for one in spec.goals}
    metrics = {name: (max if ways.get(name, True) else min)(seen) for name, seen in finite.items() if seen}
    points = {name: tuple(seen) for name, seen in finite.items()}
    used = job.gpu_hours(job.finished) if job.finished else 0.0
    made = Result(state="failed", metrics=metrics, points=points, gpu_hours=used)
    if job.phase is not Phase.SUCCEEDED:
        return replace(made, reason=job.reason or "its job failed")
    for one in spec.goals:
        seen = values.get(one.metric, ())
        if not seen:
            return replace(made, reason=silence(one.metric, values, spec.metrics_file))
        if not math.isfinite(seen[-1]):
            return replace(made, reason=f"{one.metric} became {seen[-1]}")
    return replace(made, state="succeeded")


def silence(metric: str, values: Mapping[str, Sequence[float]], file: str = "") -> str:
    """Why a trial has no value of a metric, as far as its output tells."""
    if values:
        names = ", ".join(sorted(values))
        return f"it reported no value of {metric}, but of {names}"
    if file:
        example = f'{{"{metric}": 0.5}}' if is_json(file) else f"{metric}=0.5"
        return f"it wrote no value of {metric} to {file}: write and flush lines such as {example}"
    return f"it reported no value of {metric}: print lines such as {metric}=0.5, and flush the output"
