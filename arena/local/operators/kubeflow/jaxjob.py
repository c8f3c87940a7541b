"""JAXJob: workers, of which the first coordinates the others."""

from collections.abc import Iterator

from arena.local.field_errors import FieldError
from arena.local.machinery import replica_validation
from arena.local.machinery.operator import Operator
from arena.local.objects import Object, Resource
from arena.local.operators.kubeflow import training_operator
from arena.local.operators.kubeflow.replicas import Job, Kind, Replica, all_of

JAXJOBS = Resource("kubeflow.org", "v1", "jaxjobs", "JAXJob")


def operator() -> Operator:
    """The operator of JAXJobs."""
    return training_operator.operator_of(KIND)


def environment(job: Job, replica: Replica) -> dict[str, str]:
    """The variables that a program passes to jax.distributed.initialize, for one replica."""
    host, port = job.address(Replica("Worker", 0))
    return {
        "PYTHONUNBUFFERED": "1",
        "COORDINATOR_ADDRESS": host,
        "COORDINATOR_PORT": str(port),
        "NUM_PROCESSES": str(len(job.replicas)),
        "PROCESS_ID": str(replica.number),
    }


def has_succeeded(job: Job, succeeded: list[Object]) -> bool:
    """The job succeeds with all its workers."""
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


def check(obj: Object) -> Iterator[FieldError]:
    """A JAXJob has Workers and nothing else."""
    yield from replica_validation.check_replicas(obj, "jaxReplicaSpecs", "jax")
    yield from replica_validation.check_types(obj["spec"], "jaxReplicaSpecs", ("Worker",))


DEFINITIONS = training_operator.definition_of(KIND, check)
