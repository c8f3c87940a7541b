"""The Experiment of Katib that runs a sweep: what its template is filled with."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from arena import labels
from arena.errors import SpecError
from arena.kinds.kind import Kind, Object
from arena.kinds.sweeps import metrics_file, trial_job
from arena.kinds.sweeps.holes import hole
from arena.kinds.sweeps.placeholders import TRIAL, Fill, Filling, is_plain
from arena.kinds.sweeps.spec import FILE, TENSORBOARD, SweepSpec
from arena.kinds.validators import LONGEST, shown
from arena.model.sweeps import Goal
from arena.resources import Resource
from arena.search import katib
from arena.search.assignments import shown as written
from arena.search.parameters import Parameter
from arena.values import frozen

EXPERIMENTS = Resource("kubeflow.org", "v1beta1", "experiments", kind="Experiment")
TRIALS = Resource("kubeflow.org", "v1beta1", "trials", kind="Trial")
SUGGESTIONS = Resource("kubeflow.org", "v1beta1", "suggestions", kind="Suggestion")
TEMPLATE = "experiment.yaml"
EXPERIMENT_LABEL = "katib.kubeflow.org/experiment"
TRIAL_LABEL = "katib.kubeflow.org/trial"
INJECTION = "katib.kubeflow.org/metrics-collector-injection"
"""The label of a namespace in which Katib reads metrics, if it is `enabled`."""
SUFFIX = "-abcdefgh"
"""What the name of a trial appends to that of its sweep."""
NAME_LIMIT = 40

_DEFAULT_NAME = re.compile(r"[\w|-]+", re.ASCII)
"""Names of metrics that Katib finds in a line of text by default."""
_NUMBER = r"([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?)"
_UNSAFE = re.compile(r"[\"\\\x00-\x1f\x7f]|\$\{")
"""What breaks the manifest of a trial, because Katib pastes values into it as text."""


@frozen
class Budget:
    """The limits of a sweep, settled."""

    max_trials: int
    parallel: int
    max_failed: int


def room(suffix: str) -> int:
    """Maximum length of the name of a sweep.

    Args:
        suffix: the longest one of jobs of the kind.
    """
    return min(NAME_LIMIT, LONGEST - len(suffix) - len(SUFFIX))


def filler(parameters: Sequence[Parameter]) -> Fill:
    """Fills placeholders with the holes that Katib replaces.

    Raises:
        SpecError: Katib cannot paste a value.
    """
    plain = {TRIAL: True}
    for one in parameters:
        texts = [written(value) for value in one.choices]
        for text in texts:
            if _UNSAFE.search(text) or "'" in text:
                raise SpecError(
                    f"--param {one.name}: {shown(text)} has characters that Katib cannot put into a job",
                    "use values without quotes, backslashes and control characters",
                )
        plain[one.name] = is_plain(texts)
    return lambda name: Filling(hole(name), plain[name])


def values(
    spec: SweepSpec, budget: Budget, algorithm: Mapping[str, Any], kind: Kind, job: Object
) -> dict[str, Any]:
    """The values of the template.

    Args:
        spec: the search, which Katib can run.
        budget: its limits.
        algorithm: the algorithm under Katib's name, with the settings that it knows.
        kind: the kind of the jobs.
        job: the object that a submit would create, with holes for the values.
    """
    name = job["metadata"]["name"]
    notes = job["metadata"].get("annotations") or {}
    watched = trial_job.watched(kind, job)
    return {
        "api_version": EXPERIMENTS.api_version,
        "name": name,
        "labels": labels.common(name, kind.name, "sweep"),
        "annotations": {key: notes[key] for key in (labels.SUBMITTER, labels.VERSION) if key in notes},
        **_objective(spec.goals),
        "algorithm": algorithm,
        "early_stopping": _early_stopping(spec),
        "parallel": budget.parallel,
        "max_trials": budget.max_trials,
        "max_failed": budget.max_failed,
        "resume": _resume_policy(spec),
        "parameters": katib.parameters_of(spec.space),
        "collector": collector(spec),
        "container": watched.container,
        "chief": watched.chief,
        "success": watched.success,
        "failure": watched.failure,
        "trial_parameters": _trial_parameters(spec.parameters, uses_name=hole(TRIAL) in str(job)),
        "job": _run(job, name, watched.container),
    }


def _early_stopping(spec: SweepSpec) -> dict[str, Any] | None:
    settings = [{"name": name, "value": value} for name, value in spec.early_stop_setting.items()]
    more = {"algorithmSettings": settings} if settings else {}
    return {"algorithmName": "medianstop", **more} if spec.early_stop else None


def _resume_policy(spec: SweepSpec) -> str:
    """Whether the sweep can go on after its end; the population of pbt is always kept in a volume."""
    if spec.algorithm == "pbt":
        return "FromVolume"
    return "LongRunning" if spec.resumable else "Never"


def _run(job: Object, name: str, container: str) -> Object:
    """The object of each trial, without a name."""
    meta = job["metadata"]
    marks = {**(meta.get("labels") or {}), labels.SWEEP: name}
    made = trial_job.wrappable(job, container)
    return {**made, "metadata": {"labels": marks, "annotations": dict(meta.get("annotations") or {})}}


def _objective(goals: Sequence[Goal]) -> dict[str, Any]:
    first, *rest = goals
    strategies = [{"name": one.metric, "value": "max" if one.maximize else "min"} for one in goals]
    return {
        "direction": "maximize" if first.maximize else "minimize",
        "goal": first.goal,
        "metric": first.metric,
        "metrics": [one.metric for one in rest] or None,
        "strategies": strategies,
    }


def _trial_parameters(parameters: Sequence[Parameter], *, uses_name: bool) -> list[dict[str, str]]:
    own = [{"name": one.name, "reference": one.name} for one in parameters]
    return own + ([{"name": TRIAL, "reference": "${trialSpec.Name}"}] if uses_name else [])


def collector(spec: SweepSpec) -> dict[str, Any]:
    """How Katib reads the metrics of a trial."""
    if spec.source == TENSORBOARD:
        where = {"path": spec.metrics_file, "kind": "Directory"} if spec.metrics_file else {}
        source = {"source": {"fileSystemPath": where}} if where else {}
        return {"collector": {"kind": "TensorFlowEvent"}, **source}
    found: dict[str, Any] = {}
    is_json = metrics_file.is_json(spec.metrics_file)
    if spec.source == FILE:
        form = "JSON" if is_json else "TEXT"
        found = {"fileSystemPath": {"path": spec.metrics_file, "kind": "File", "format": form}}
    names = [one.metric for one in spec.goals]
    if not is_json and not all(map(_DEFAULT_NAME.fullmatch, names)):
        found["filter"] = {"metricsFormat": [rf"({'|'.join(map(re.escape, names))})\s*=\s*{_NUMBER}"]}
    kind = "File" if spec.source == FILE else "StdOut"
    return {"collector": {"kind": kind}, **({"source": found} if found else {})}
