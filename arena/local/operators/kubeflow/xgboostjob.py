"""XGBoostJob: a master, which runs the tracker, and workers, which find each other through variables."""

from collections.abc import Iterator

from arena.local.field_errors import FieldError, missing
from arena.local.machinery import replica_validation
from arena.local.machinery.operator import Operator
from arena.local.objects import LOOPBACK, Object, Resource
from arena.local.operators.kubeflow import training_operator
from arena.local.operators.kubeflow.replicas import Job, Kind, Replica, all_of

XGBOOSTJOBS = Resource("kubeflow.org", "v1", "xgboostjobs", "XGBoostJob")


def operator() -> Operator:
    """The operator of XGBoostJobs."""
    return training_operator.operator_of(KIND)


def environment(job: Job, replica: Replica) -> dict[str, str]:
    """The address of the master and the own rank for XGBoost's tracker, and all addresses for LightGBM."""
    host, port = job.address(Replica("Master", 0))
    found = {
        "PYTHONUNBUFFERED": "1",
        "MASTER_ADDR": host,
        "MASTER_PORT": str(port),
        "WORLD_SIZE": str(len(job.replicas)),
        "RANK": str(replica.number if replica.type == "Master" else replica.number + job.size("Master")),
    }
    workers = [one for one in job.replicas if one.type == "Worker"]
    return {**found, **_workers(job, replica, workers)} if workers else found


def _workers(job: Job, replica: Replica, workers: list[Replica]) -> dict[str, str]:
    """The workers' hosts and their port.

    On the loopback, several workers cannot have the same port, so each host is followed by its own
    (`127.0.0.1:20001`) and the port is that of the replica itself. Separate addresses (127.x.y.z) would not
    help: LightGBM listens on all addresses, and finds itself in the list by those of the interfaces.
    """
    met = [job.address(one) for one in workers]
    own = job.address(replica if replica in workers else workers[0])[1]
    apart = len(workers) > 1
    hosts = [f"{host}:{port}" if apart and host == LOOPBACK else host for host, port in met]
    return {"WORKER_PORT": str(own), "WORKER_ADDRS": ",".join(hosts)}


def has_succeeded(job: Job, succeeded: list[Object]) -> bool:
    """The job succeeds with its master."""
    return all_of(job, "Master", succeeded)


KIND = Kind(
    resource=XGBOOSTJOBS,
    specs="xgbReplicaSpecs",
    types=("Master", "Worker"),
    container="xgboost",
    port=("xgboostjob-port", 9999),
    restart="Never",
    environment=environment,
    everywhere=True,
    leader=("Master",),
    has_succeeded=has_succeeded,
    replaces=False,
)


def check(obj: Object) -> Iterator[FieldError]:
    """An XGBoostJob has exactly one Master, and Workers if any."""
    spec = obj["spec"]
    yield from replica_validation.check_replicas(obj, "xgbReplicaSpecs", "xgboost")
    yield from replica_validation.check_types(spec, "xgbReplicaSpecs", ("Master", "Worker"))
    yield from replica_validation.check_single(spec, "xgbReplicaSpecs", "Master")
    if "Master" not in spec["xgbReplicaSpecs"]:
        yield missing("spec.xgbReplicaSpecs[Master]", "must be present")


DEFINITIONS = training_operator.definition_of(KIND, check)
