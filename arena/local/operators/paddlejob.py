"""PaddleJob: workers alone, or with parameter servers (Master); told of each other by variables."""

from collections.abc import Iterator

from arena.local.causes import Cause
from arena.local.definitions import Definition
from arena.local.objects import Object, Resource
from arena.local.operators import conditions, kubeflow, rules
from arena.local.operators.operator import Operator
from arena.local.operators.replicas import Job, Kind, Place, all_of

PADDLEJOBS = Resource("kubeflow.org", "v1", "paddlejobs", "PaddleJob")


def operator() -> Operator:
    """The operator of PaddleJobs."""
    return kubeflow.operator_of(KIND)


def environment(job: Job, place: Place) -> dict[str, str]:
    """What `paddle.distributed.launch` reads, for one replica."""
    servers = bool(job.size("Master"))
    host, port = job.meeting(("Master", 0) if servers else ("Worker", 0))
    found = {
        "PYTHONUNBUFFERED": "1",
        "PADDLE_JOB_ID": job.name,
        "PADDLE_NNODES": str(len(job.places)),
        "PADDLE_MASTER": f"{host}:{port}",
    }
    if servers:
        found["PADDLE_SERVER_NUM" if place[0] == "Master" else "PADDLE_TRAINER_NUM"] = "1"
    return found


def has_succeeded(job: Job, succeeded: list[Object]) -> bool:
    """The masters' end is the job's; without one that of all workers."""
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


def check(obj: Object) -> Iterator[Cause]:
    """A PaddleJob has Masters and Workers and nothing else."""
    yield from rules.common(obj, "paddleReplicaSpecs", "paddle")
    yield from rules.types(obj["spec"], "paddleReplicaSpecs", ("Master", "Worker"))


SHAPES = """
PaddleJob metadata:ObjectMeta spec:PaddleJobSpec! status:any
PaddleJobSpec runPolicy:RunPolicy paddleReplicaSpecs:{ReplicaSpec}!
"""

DEFINITIONS = (
    Definition(resource=PADDLEJOBS, shapes=SHAPES, check=check, columns=(("State", conditions.latest),)),
)
