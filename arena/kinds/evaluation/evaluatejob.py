"""The evaluation of a model: a plain Job whose program reads its inputs from variables."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from arena import labels
from arena.kinds import option_types as types
from arena.kinds.evaluation import FAMILY
from arena.kinds.kind import Kind, Object, Pod, Specs
from arena.kinds.spec import REQUIRED, option
from arena.kinds.training import job
from arena.kinds.training.specs.base import render
from arena.kinds.training.specs.base.spec import BatchPodSpec
from arena.kinds.training.specs.job import single
from arena.kinds.workload import instances, pod_values
from arena.kinds.workload.rendering import Rendering
from arena.model.evaluations import Evaluation
from arena.model.jobs import Job

NAME = "evaluatejob"
"""The value of the label `app`, as in the Go arena."""

VARIABLES = {
    "MODEL_NAME": "model",
    "MODEL_VERSION": "version",
    "MODEL_PATH": "model_path",
    "DATASET_PATH": "dataset_path",
    "METRICS_PATH": "metrics_path",
}
"""Variable of the program -> its field."""


class EvaluationSpec(BatchPodSpec):
    """The options of an evaluation: one program, which trains nothing."""

    name: str = option(REQUIRED, "Name of the job  [default: made from the script]", types.NAME, safe=True)
    command: str = option("", "Command line to run  [default: that of the image]", types.COMMAND)
    cpu: str = option("", "CPUs of the pod", types.QUANTITY)
    memory: str = option("", "Memory of the pod", types.QUANTITY)
    model: str = option("", "Name of the model, as MODEL_NAME", flags=("--model-name",))
    version: str = option("", "Version of the model, as MODEL_VERSION", flags=("--model-version",))
    model_path: str = option("", "Location of the model, as MODEL_PATH")
    dataset_path: str = option("", "Location of the data, as DATASET_PATH")
    metrics_path: str = option("", "Location for the results, as METRICS_PATH")

    def _check_command(self) -> None:
        """Allow a missing command, because the image may have one."""

    @property
    def own_variables(self) -> dict[str, str]:
        """The variables of every workload and of the evaluation, and the number of workers."""
        told = {key: getattr(self, field) for key, field in VARIABLES.items() if getattr(self, field)}
        return {"workers": "1", **super().own_variables, **told}


def values(spec: EvaluationSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of the template; raises SpecError if there is no image, or a label is arena's own."""
    found = {
        **single(spec, NAME, rendering, render.Size(pods=1, gpus=spec.gpus)),
        **pod_values.replica(spec, rendering, {"cpu": spec.cpu, "memory": spec.memory}),
    }
    return found if spec.command else {**found, "command": None}


def owns(obj: Object) -> bool:
    """Whether a Job evaluates a model."""
    return (obj["metadata"].get("labels") or {}).get(labels.APP) == NAME


def read(obj: Object, members: Sequence[Pod]) -> Job:
    """The job."""
    return replace(job.read(obj, members), kind=NAME)


def evaluation(obj: Object, found: Job) -> Evaluation:
    """The evaluation of a job, from the variables of its program."""
    pod = (obj.get("spec") or {}).get("template") or {}
    main = instances.main(pod, job.CONVENTIONS.main_containers)
    env = {
        one["name"]: one.get("value") or ""
        for part in (pod.get("spec") or {}).get("containers") or ()
        for one in part.get("env") or ()
        if part.get("name") == main
    }
    return Evaluation(job=found, **{field: env.get(key, "") for key, field in VARIABLES.items()})


KIND = Kind(
    name=NAME,
    family=FAMILY,
    aliases=(),
    summary="Evaluate a model",
    resources=job.KIND.resources,
    template=job.KIND.template,
    specs=Specs(spec=EvaluationSpec, values=values),
    read=read,
    pods=job.KIND.pods,
    owns=owns,
    job_of=job.KIND.job_of,
    conventions=job.KIND.conventions,
    selectors=job.KIND.selectors,
)
