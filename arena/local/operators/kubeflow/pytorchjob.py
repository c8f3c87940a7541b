"""PyTorchJob: a master and workers, or an elastic set of workers, which find each other by variables."""

from collections.abc import Iterator

from arena.digits import whole
from arena.local.field_errors import FieldError, forbidden, invalid, missing
from arena.local.machinery import replica_validation
from arena.local.machinery.operator import Operator
from arena.local.objects import LOOPBACK, Object, Resource
from arena.local.operators.kubeflow import training_operator
from arena.local.operators.kubeflow.replicas import Job, Kind, Replica, all_of, replica_of

PYTORCHJOBS = Resource("kubeflow.org", "v1", "pytorchjobs", "PyTorchJob")


def operator() -> Operator:
    """The operator of PyTorchJobs."""
    return training_operator.operator_of(KIND)


def environment(job: Job, replica: Replica) -> dict[str, str]:
    """The variables that torch.distributed and torchrun (PET_*) read, for one replica."""
    found = {"PYTHONUNBUFFERED": "1"}
    if ("Master", 0) in job.addresses:
        found.update(_ranks(job, replica))
    found["PET_NPROC_PER_NODE"] = _processes(job)
    elastic = job.obj["spec"].get("elasticPolicy")
    found.update(_elastic(job, elastic) if elastic else {"PET_NNODES": str(len(job.replicas))})
    return found


def _processes(job: Job) -> str:
    """The number of processes of a node as text, or `auto`, `cpu`, `gpu`."""
    elastic = job.obj["spec"].get("elasticPolicy") or {}
    return str(job.obj["spec"].get("nprocPerNode") or elastic.get("nProcPerNode") or "auto")


def _ranks(job: Job, replica: Replica) -> dict[str, str]:
    host, port = job.address(Replica("Master", 0))
    rank = replica.number if replica.type == "Master" else replica.number + 1
    each = whole(_processes(job))
    size = len(job.replicas) * (1 if each is None else each)
    return {
        "MASTER_ADDR": host,
        "MASTER_PORT": str(port),
        "PET_MASTER_ADDR": host,
        "PET_MASTER_PORT": str(port),
        "WORLD_SIZE": str(size),
        "RANK": str(rank),
        "PET_NODE_RANK": str(rank),
    }


def _elastic(job: Job, policy: Object) -> dict[str, str]:
    workers = job.size("Worker")
    least, most = policy.get("minReplicas") or workers, policy.get("maxReplicas") or workers
    host, port = job.address(Replica("Worker", 0))
    settings = [f"{one['key']}={one['value']}" for one in policy.get("rdzvConf") or []]
    # On the loopback the port is the allotted one: with a fixed port, ranks of two jobs would join.
    host, port = policy.get("rdzvHost") or host, port if host == LOOPBACK else policy.get("rdzvPort") or port
    found = {
        "PET_NNODES": f"{least}:{most}",
        "PET_RDZV_ENDPOINT": f"{host}:{port}",
        "PET_RDZV_BACKEND": policy.get("rdzvBackend"),
        "PET_RDZV_ID": policy.get("rdzvId") or job.name,
        "PET_RDZV_CONF": ",".join(settings) or None,
        "PET_MAX_RESTARTS": policy.get("maxRestarts"),
        "PET_STANDALONE": "" if policy.get("standalone") else None,
    }
    return {name: str(value) for name, value in found.items() if value is not None}


def has_succeeded(job: Job, succeeded: list[Object]) -> bool:
    """The job succeeds with its master; without one with all workers, or any worker of an elastic job."""
    if job.size("Master"):
        return all_of(job, "Master", succeeded)
    if job.obj["spec"].get("elasticPolicy"):
        done = {replica_of(job, pod) for pod in succeeded}
        return any(replica in done for replica in job.replicas if replica.type == "Worker")
    return all_of(job, "Worker", succeeded)


KIND = Kind(
    resource=PYTORCHJOBS,
    specs="pytorchReplicaSpecs",
    types=("Master", "Worker"),
    container="pytorch",
    port=("pytorchjob-port", 23456),
    restart="OnFailure",
    environment=environment,
    everywhere=True,
    leader=("Master",),
    has_succeeded=has_succeeded,
)


def check(obj: Object) -> Iterator[FieldError]:
    """Check that a PyTorchJob has at most one Master, and workers if it has the role or is elastic."""
    spec = obj["spec"]
    yield from replica_validation.check_replicas(obj, "pytorchReplicaSpecs", "pytorch")
    yield from replica_validation.check_types(spec, "pytorchReplicaSpecs", ("Master", "Worker"))
    yield from replica_validation.check_single(spec, "pytorchReplicaSpecs", "Master")
    workers = spec["pytorchReplicaSpecs"].get("Worker")
    count = (workers or {}).get("replicas")
    if workers and isinstance(count, int) and count < 1:
        yield invalid("spec.pytorchReplicaSpecs[Worker].replicas", count, "must be at least 1")
    if spec.get("elasticPolicy") is not None and not workers:
        yield missing("spec.pytorchReplicaSpecs[Worker]", "must be configured when elasticPolicy is used")
    elastic = spec.get("elasticPolicy") or {}
    if spec.get("nprocPerNode") is not None and elastic.get("nProcPerNode") is not None:
        why = "spec.elasticPolicy.nProcPerNode and spec.nprocPerNode are mutually exclusive"
        yield forbidden("spec.elasticPolicy.nProcPerNode", why)
    word = spec.get("nprocPerNode")
    if word is not None and word not in ("auto", "cpu", "gpu") and whole(str(word)) is None:
        yield invalid("spec.nprocPerNode", word, "must be auto, cpu, gpu or an integer")


DEFINITIONS = training_operator.definition_of(KIND, check)
