"""JAXJob: distributed JAX; every worker runs the same command, the first one coordinates."""

from typing import Any

from arena.kinds.kind import Kind, switch
from arena.kinds.training import peers, reading
from arena.kinds.training.peers import CleanedSpec
from arena.resources import Resource

NAME = "jaxjob"


class JAXJobSpec(CleanedSpec):
    """What a JAXJob is asked to be."""


def values(spec: JAXJobSpec, resource: Resource) -> dict[str, Any]:
    """The values of the template; raises as `render.shared`."""
    return {**peers.operated(spec, NAME, resource), "workers": spec.workers}


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
