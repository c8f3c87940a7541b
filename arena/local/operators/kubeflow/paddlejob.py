"""PaddleJob: workers, and possibly parameter servers (Master), which find each other by variables."""

from collections.abc import Iterator

from arena.local.field_errors import FieldError
from arena.local.machinery import replica_validation
from arena.local.machinery.operator import Operator
from arena.local.objects import Object, Resource
from arena.local.operators.kubeflow import training_operator
from arena.local.operators.kubeflow.replicas import Job, Kind, Replica, all_of

PADDLEJOBS = Resource("kubeflow.org", "v1", "paddlejobs", "PaddleJob")


def operator() -> Operator:
    """The operator of PaddleJobs."""
    return training_operator.operator_of(KIND)


def environment(job: Job, replica: Replica) -> dict[str, str]:
    """The variables that `paddle.distributed.launch` reads, for one replica."""
    servers = bool(job.size("Master"))
    host, port = job.address(Replica("Master" if servers else "Worker", 0))
    found = {
        "PYTHONUNBUFFERED": "1",
        "PADDLE_JOB_ID": job.name,
        "PADDLE_NNODES": str(len(job.replicas)),
        "PADDLE_MASTER": f"{host}:{port}",
    }
    if servers:
        found["PADDLE_SERVER_NUM" if replica.type == "Master" else "PADDLE_TRAINER_NUM"] = "1"
    return found


def has_succeeded(job: Job, succeeded: list[Object]) -> bool:
    """The job succeeds with its masters; without masters with all workers."""
    return all_of(job, "Master" if job.size("Master") else "Worker", succeeded)


KIND = Kind(
    resource=PADDLEJOBS,
    specs="paddleReplicaSpecs",
    types=("Master", "Worker"),
    container="paddle",
    port=("master", 36543),
    restart="OnFailure",
    environment=environment,
    everywhere=True,
    leader=("Master",),
    has_succeeded=has_succeeded,
)


def check(obj: Object) -> Iterator[FieldError]:
    """A PaddleJob has Masters and Workers and nothing else."""
    yield from replica_validation.check_replicas(obj, "paddleReplicaSpecs", "paddle")
    yield from replica_validation.check_types(obj["spec"], "paddleReplicaSpecs", ("Master", "Worker"))


DEFINITIONS = training_operator.definition_of(KIND, check)
