"""JAXJob: distributed JAX; every worker runs the same command, the first one coordinates."""

from typing import Any

from arena.kinds import forms
from arena.kinds.forms import choice
from arena.kinds.kind import Kind, switch
from arena.kinds.spec import option
from arena.kinds.training import environment, reading, render
from arena.kinds.training.base import TrainingSpec
from arena.resources import Resource

NAME = "jaxjob"


class JAXJobSpec(TrainingSpec):
    """What a JAXJob is asked to be."""

    cpu: str = option("", "CPUs of each worker", forms.QUANTITY)
    memory: str = option("", "Memory of each worker", forms.QUANTITY)
    clean_task_policy: str = option(
        "Running", "Instances to remove at the end of the job", choice("Running", "None", "All")
    )


def values(spec: JAXJobSpec, resource: Resource) -> dict[str, Any]:
    """The values of the template; raises as `render.shared`."""
    size = render.Size(pods=spec.workers, gpus=spec.workers * spec.gpus)
    return {
        **render.shared(spec, NAME, resource, size),
        "clean_pods": spec.clean_task_policy,
        "image": render.image(spec),
        "selector": dict(spec.selector) or None,
        "env": environment.env(spec, hide_gpus=not spec.gpus),
        "resources": render.resources(spec, spec.gpus, {"cpu": spec.cpu, "memory": spec.memory}),
        "workers": spec.workers,
    }


KIND = Kind(
    name=NAME,
    aliases=("jax",),
    summary="Distributed JAX",
    resources=(Resource("kubeflow.org", "v1", "jaxjobs", kind="JAXJob"),),
    template="jaxjob.yaml",
    spec=JAXJobSpec,
    values=values,
    read=reading.read(NAME, "jaxReplicaSpecs"),
    pods=reading.selector("jaxjob-controller"),
    job_of=reading.job_of("jaxjob-controller"),
    suspend=switch("spec", "runPolicy", "suspend"),
    examples=('arena submit jaxjob --name gpt --workers 4 --gpus 1 --image IMAGE "python train.py"',),
)
