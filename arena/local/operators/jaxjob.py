"""JAXJob: workers, of which the first coordinates the others."""

from collections.abc import Iterator

from arena.local.causes import Cause
from arena.local.definitions import Definition
from arena.local.objects import Object, Resource
from arena.local.operators import conditions, kubeflow, rules
from arena.local.operators.operator import Operator
from arena.local.operators.replicas import Job, Kind, Place, all_of

JAXJOBS = Resource("kubeflow.org", "v1", "jaxjobs", "JAXJob")


def operator() -> Operator:
    """The operator of JAXJobs."""
    return kubeflow.operator_of(KIND)


def environment(job: Job, place: Place) -> dict[str, str]:
    """What a program hands to jax.distributed.initialize, for one replica."""
    host, port = job.meeting(("Worker", 0))
    return {
        "PYTHONUNBUFFERED": "1",
        "COORDINATOR_ADDRESS": host,
        "COORDINATOR_PORT": str(port),
        "NUM_PROCESSES": str(len(job.places)),
        "PROCESS_ID": str(place[1]),
    }


def has_succeeded(job: Job, succeeded: list[Object]) -> bool:
    """The job's end is that of all its workers."""
    return all_of(job, "Worker", succeeded)


KIND = Kind(
    resource=JAXJOBS,
    specs="jaxReplicaSpecs",
    types=("Worker",),
    container="jax",
    port=("jaxjob-port", 6666),
    restart="Never",
    environment=environment,
    everywhere=True,
    leader=(),
    has_succeeded=has_succeeded,
)


def check(obj: Object) -> Iterator[Cause]:
    """A JAXJob has Workers and nothing else."""
    yield from rules.common(obj, "jaxReplicaSpecs", "jax")
    yield from rules.types(obj["spec"], "jaxReplicaSpecs", ("Worker",))


SHAPES = """
JAXJob metadata:ObjectMeta spec:JAXJobSpec! status:any
JAXJobSpec runPolicy:RunPolicy jaxReplicaSpecs:{ReplicaSpec}!
"""

DEFINITIONS = (
    Definition(resource=JAXJOBS, shapes=SHAPES, check=check, columns=(("State", conditions.latest),)),
)
