"""PyTorchJob: distributed PyTorch; every instance runs the same command."""

from dataclasses import dataclass
from typing import Any

from arena import labels
from arena.kinds import forms
from arena.kinds.forms import choice
from arena.kinds.kind import Kind, switch
from arena.kinds.spec import option
from arena.kinds.training import environment, reading, render
from arena.kinds.training.base import TrainingSpec
from arena.resources import Resource

NAME = "pytorchjob"


@dataclass(frozen=True, kw_only=True)
class PyTorchJobSpec(TrainingSpec):
    """What a PyTorchJob is asked to be; `workers` counts the master."""

    cpu: str = option("", "CPUs of each instance", forms.QUANTITY)
    memory: str = option("", "Memory of each instance", forms.QUANTITY)
    nproc_per_node: str = option("", "Processes of each instance, for torchrun", forms.PROCESSES)
    clean_task_policy: str = option(
        "Running", "Instances to remove at the end of the job", choice("Running", "None", "All")
    )


def values(spec: PyTorchJobSpec, resource: Resource) -> dict[str, Any]:
    """The values of the template; raises as `render.shared`."""
    size = render.Size(pods=spec.workers, gpus=spec.workers * spec.gpus)
    return {
        **render.shared(spec, NAME, resource, size),
        "processes": spec.nproc_per_node or None,
        "clean_pods": spec.clean_task_policy,
        "image": render.image(spec),
        "selector": dict(spec.selector) or None,
        "env": environment.env(spec, hide_gpus=not spec.gpus),
        "resources": render.resources(spec, spec.gpus, {"cpu": spec.cpu, "memory": spec.memory}),
        "worker": "Worker" if spec.workers > 1 else None,
        "worker_replicas": spec.workers - 1,
    }


KIND = Kind(
    name=NAME,
    aliases=("pytorch", "py"),
    summary="Distributed PyTorch",
    resources=(Resource("kubeflow.org", "v1", "pytorchjobs", kind="PyTorchJob"),),
    template="pytorchjob.yaml",
    spec=PyTorchJobSpec,
    values=values,
    read=reading.read(NAME, "pytorchReplicaSpecs"),
    pods=reading.selector("pytorchjob-controller", labels.PYTORCH_JOB_NAME),
    job_of=reading.job_of("pytorchjob-controller", labels.PYTORCH_JOB_NAME),
    former=reading.FORMER,
    suspend=switch("spec", "runPolicy", "suspend"),
    examples=('arena submit pytorchjob --name bert --workers 4 --gpus 1 --image IMAGE "torchrun train.py"',),
)
