"""XGBoostJob: a master, where the tracker runs, and workers; told of each other by variables."""

from collections.abc import Iterator

from arena.local.causes import Cause, missing
from arena.local.definitions import Definition
from arena.local.objects import Object, Resource
from arena.local.operators import conditions, kubeflow, rules
from arena.local.operators.operator import Operator
from arena.local.operators.replicas import LOOPBACK, Job, Kind, Place, all_of

XGBOOSTJOBS = Resource("kubeflow.org", "v1", "xgboostjobs", "XGBoostJob")


def operator() -> Operator:
    """The operator of XGBoostJobs."""
    return kubeflow.operator_of(KIND)


def environment(job: Job, place: Place) -> dict[str, str]:
    """Where the master is and who one is, for the tracker of XGBoost; and where all are, for LightGBM."""
    host, port = job.meeting(("Master", 0))
    found = {
        "PYTHONUNBUFFERED": "1",
        "MASTER_ADDR": host,
        "MASTER_PORT": str(port),
        "WORLD_SIZE": str(len(job.places)),
        "RANK": str(place[1] if place[0] == "Master" else place[1] + job.size("Master")),
    }
    workers = [one for one in job.places if one[0] == "Worker"]
    return {**found, **_workers(job, place, workers)} if workers else found


def _workers(job: Job, place: Place, workers: list[Place]) -> dict[str, str]:
    """The workers' hosts and their port.

    On the loopback, where they cannot all have the same port, each host is followed by its own
    (`127.0.0.1:20001`) and the port is that of the replica itself.
    """
    met = [job.meeting(one) for one in workers]
    own = job.meeting(place if place in workers else workers[0])[1]
    hosts = [f"{host}:{port}" if host == LOOPBACK else host for host, port in met]
    return {"WORKER_PORT": str(own), "WORKER_ADDRS": ",".join(hosts)}


def has_succeeded(job: Job, succeeded: list[Object]) -> bool:
    """The master's end is the job's."""
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


def check(obj: Object) -> Iterator[Cause]:
    """An XGBoostJob has exactly one Master, and Workers if any."""
    spec = obj["spec"]
    yield from rules.common(obj, "xgbReplicaSpecs", "xgboost")
    yield from rules.types(spec, "xgbReplicaSpecs", ("Master", "Worker"))
    yield from rules.lone(spec, "xgbReplicaSpecs", "Master")
    if "Master" not in spec["xgbReplicaSpecs"]:
        yield missing("spec.xgbReplicaSpecs[Master]", "must be present")


SHAPES = """
XGBoostJob metadata:ObjectMeta spec:XGBoostJobSpec! status:any
XGBoostJobSpec runPolicy:RunPolicy xgbReplicaSpecs:{ReplicaSpec}!
"""

DEFINITIONS = (
    Definition(resource=XGBOOSTJOBS, shapes=SHAPES, check=check, columns=(("State", conditions.latest),)),
)
