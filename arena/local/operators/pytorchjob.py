"""PyTorchJob: a master and workers, or an elastic set of workers, told of each other by variables."""

from collections.abc import Iterator

from arena.local.causes import Cause, forbidden, invalid, missing
from arena.local.definitions import Definition
from arena.local.objects import Object, Resource
from arena.local.operators import conditions, kubeflow, rules
from arena.local.operators.operator import Operator
from arena.local.operators.replicas import LOOPBACK, Job, Kind, Place, all_of, place_of

PYTORCHJOBS = Resource("kubeflow.org", "v1", "pytorchjobs", "PyTorchJob")


def operator() -> Operator:
    """The operator of PyTorchJobs."""
    return kubeflow.operator_of(KIND)


def environment(job: Job, place: Place) -> dict[str, str]:
    """What torch.distributed and torchrun (PET_*) read, for one replica."""
    found = {"PYTHONUNBUFFERED": "1"}
    if ("Master", 0) in job.addresses:
        found.update(_ranks(job, place))
    found["PET_NPROC_PER_NODE"] = _processes(job)
    elastic = job.obj["spec"].get("elasticPolicy")
    found.update(_elastic(job, elastic) if elastic else {"PET_NNODES": str(len(job.places))})
    return found


def _processes(job: Job) -> str:
    """The processes of a node: an integer as text, or `auto`, `cpu`, `gpu`."""
    elastic = job.obj["spec"].get("elasticPolicy") or {}
    return str(job.obj["spec"].get("nprocPerNode") or elastic.get("nProcPerNode") or "auto")


def _ranks(job: Job, place: Place) -> dict[str, str]:
    host, port = job.meeting(("Master", 0))
    rank = place[1] if place[0] == "Master" else place[1] + 1
    processes = _processes(job)
    size = len(job.places) * (int(processes) if processes.isdigit() else 1)
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
    host, port = job.meeting(("Worker", 0))
    settings = [f"{one['key']}={one['value']}" for one in policy.get("rdzvConf") or []]
    # On the loopback the port is the one allotted, or ranks of two jobs would meet.
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
    """The master's end is the job's; without one all workers', or any worker's of an elastic job."""
    if job.size("Master"):
        return all_of(job, "Master", succeeded)
    if job.obj["spec"].get("elasticPolicy"):
        done = {place_of(job, pod) for pod in succeeded}
        return any(place in done for place in job.places if place[0] == "Worker")
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


def check(obj: Object) -> Iterator[Cause]:
    """A PyTorchJob has one Master at most, a Worker where it has one, and a Worker when elastic."""
    spec = obj["spec"]
    yield from rules.common(obj, "pytorchReplicaSpecs", "pytorch")
    yield from rules.types(spec, "pytorchReplicaSpecs", ("Master", "Worker"))
    yield from rules.lone(spec, "pytorchReplicaSpecs", "Master")
    workers = spec["pytorchReplicaSpecs"].get("Worker")
    count = (workers or {}).get("replicas")
    if workers and isinstance(count, int) and count < 1:
        yield invalid("spec.pytorchReplicaSpecs[Worker].replicas", count, "must be at least 1")
    if spec.get("elasticPolicy") is not None and not workers:
        yield missing("spec.pytorchReplicaSpecs[Worker]", "must be configured when elasticPolicy is used")
    elastic = spec.get("elasticPolicy") or {}
    if spec.get("nprocPerNode") is not None and elastic.get("nProcPerNode") is not None:
        why = "spec.elasticPolicy.nProcPerNode and spec.nprocPerNode exclude each other"
        yield forbidden("spec.elasticPolicy.nProcPerNode", why)
    word = spec.get("nprocPerNode")
    if word is not None and word not in ("auto", "cpu", "gpu") and not str(word).isdigit():
        yield invalid("spec.nprocPerNode", word, "must be auto, cpu, gpu or an integer")


SHAPES = """
PyTorchJob metadata:ObjectMeta spec:PyTorchJobSpec! status:any
PyTorchJobSpec runPolicy:RunPolicy elasticPolicy:ElasticPolicy nprocPerNode:s \
pytorchReplicaSpecs:{ReplicaSpec}!
ElasticPolicy minReplicas:i maxReplicas:i rdzvBackend:s rdzvPort:i rdzvHost:s rdzvId:s rdzvConf:[any] \
standalone:b nProcPerNode:i maxRestarts:i metrics:[any]
"""

DEFINITIONS = (
    Definition(resource=PYTORCHJOBS, shapes=SHAPES, check=check, columns=(("State", conditions.latest),)),
)
