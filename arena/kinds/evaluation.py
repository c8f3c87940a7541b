"""The evaluation of a model: a plain Job whose program is told by variables what to evaluate, and on what."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from arena import labels
from arena.kinds import forms
from arena.kinds.kind import Kind, Object, Pod
from arena.kinds.spec import option
from arena.kinds.training import job
from arena.kinds.training.job import JobSpec
from arena.model import Evaluation, Job
from arena.resources import Resource

NAME = "evaluatejob"
"""The Go arena's word, in the label `app`."""

VARIABLES = {
    "MODEL_NAME": "model",
    "MODEL_VERSION": "version",
    "MODEL_PATH": "model_path",
    "DATASET_PATH": "dataset_path",
    "METRICS_PATH": "metrics_path",
}
"""Variable of the program -> the field that it tells."""


class EvaluationSpec(JobSpec):
    """What an evaluation is asked to be."""

    command: str = option("", "Command line to run  [default: what the image runs]", forms.COMMAND)
    model: str = option("", "Name of the model, as MODEL_NAME", flags=("--model-name",))
    version: str = option("", "Version of the model, as MODEL_VERSION", flags=("--model-version",))
    model_path: str = option("", "Where the model is, as MODEL_PATH")
    dataset_path: str = option("", "Where the data is, as DATASET_PATH")
    metrics_path: str = option("", "Where the results go, as METRICS_PATH")

    # One program alone, which trains nothing.
    workers: int = 1
    gang: bool = False
    nproc_per_node: str = ""
    port: int = JobSpec.port
    tensorboard: bool = False
    tensorboard_image: str = JobSpec.tensorboard_image
    logdir: str = JobSpec.logdir
    model_name: str = ""
    model_source: str = ""

    def _check_command(self) -> None:
        """The image may know what to run."""


def values(spec: EvaluationSpec, resource: Resource) -> dict[str, Any]:
    """The values of the template; raises as that of a job does."""
    told = {key: getattr(spec, field) for key, field in VARIABLES.items() if getattr(spec, field)}
    found = job.values(replace(spec, env={**told, **spec.env}), resource, NAME)
    return found if spec.command else {**found, "command": None}


def owns(obj: Object) -> bool:
    """Whether a Job evaluates a model."""
    return (obj["metadata"].get("labels") or {}).get(labels.APP) == NAME


def read(obj: Object, members: Sequence[Pod]) -> Job:
    """The job."""
    return replace(job.read(obj, members), kind=NAME)


def evaluation(obj: Object, found: Job) -> Evaluation:
    """What a job evaluates, by the variables of its program."""
    pod = (((obj.get("spec") or {}).get("template") or {}).get("spec")) or {}
    env = {
        one["name"]: one.get("value") or ""
        for part in (pod.get("containers") or ())[:1]
        for one in part.get("env") or ()
    }
    return Evaluation(job=found, **{field: env.get(key, "") for key, field in VARIABLES.items()})


KIND = Kind(
    name=NAME,
    aliases=(),
    summary="Evaluate a model",
    resources=job.KIND.resources,
    template=job.KIND.template,
    spec=EvaluationSpec,
    values=values,
    read=read,
    pods=job.KIND.pods,
    owns=owns,
    job_of=job.KIND.job_of,
    places=job.KIND.places,
    selectors=job.KIND.selectors,
)
