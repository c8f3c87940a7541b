"""JAXJob: distributed JAX; every worker runs the same command, and the first one coordinates."""

from arena.kinds.kind import Kind, switch
from arena.kinds.training import FAMILY
from arena.kinds.training.base import reading, training_operator
from arena.kinds.training.base.training_operator import TRAINING_OPERATOR
from arena.resources import Resource

NAME = "jaxjob"
CONVENTIONS = TRAINING_OPERATOR._replace(main_containers=("jax",))

KIND = Kind(
    name=NAME,
    family=FAMILY,
    aliases=("jax",),
    summary="Distributed JAX",
    resources=(Resource("kubeflow.org", "v1", "jaxjobs", kind="JAXJob"),),
    template="jaxjob.yaml",
    specs="arena.kinds.training.specs.jaxjob",
    read=reading.read(NAME, "jaxReplicaSpecs", CONVENTIONS),
    pods=training_operator.selector("jaxjob-controller"),
    event_writer=training_operator.master,
    job_of=training_operator.job_of("jaxjob-controller"),
    conventions=CONVENTIONS,
    suspend=switch("spec", "runPolicy", "suspend"),
    halt=training_operator.HALT,
    examples=('arena submit jaxjob --name gpt --workers 4 --gpus 1 --image IMAGE "python train.py"',),
)
