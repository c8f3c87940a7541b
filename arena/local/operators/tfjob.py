"""TFJob: parameter servers, workers, chief, evaluator, told of each other by TF_CONFIG."""

import json
from collections.abc import Iterator

from arena.local.causes import Cause, forbidden, unsupported
from arena.local.definitions import Definition
from arena.local.objects import Object, Resource
from arena.local.operators import conditions, kubeflow, rules
from arena.local.operators.operator import Operator
from arena.local.operators.replicas import Job, Kind, Place, place_of

TFJOBS = Resource("kubeflow.org", "v1", "tfjobs", "TFJob")


def operator() -> Operator:
    """The operator of TFJobs."""
    return kubeflow.operator_of(KIND)


def environment(job: Job, place: Place) -> dict[str, str]:
    """TF_CONFIG for one replica; nothing when it is the only one."""
    if len(job.places) == 1:
        return {}
    name, index = place
    addresses = {one: f"{host}:{port}" for one, (host, port) in job.addresses.items()}
    task = {"type": name.lower(), "index": index}
    if job.obj["spec"].get("enableDynamicWorker"):
        return {"TF_CONFIG": json.dumps({"cluster": _sparse(addresses, place), "task": task})}
    cluster: dict[str, list[str]] = {}
    for (kind, _), address in addresses.items():
        cluster.setdefault(kind.lower(), []).append(address)
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": task, "environment": "cloud"})}


def _sparse(addresses: dict[Place, str], place: Place) -> Object:
    """What a replica must know where workers come and go: the servers and, as a worker, itself."""
    servers = [address for (kind, _), address in addresses.items() if kind == "PS"]
    if place[0] == "PS":
        return {"ps": [addresses[place]]}
    return {place[0].lower(): {str(place[1]): addresses[place]}, **({"ps": servers} if servers else {})}


def has_succeeded(job: Job, succeeded: list[Object]) -> bool:
    """The chief's end is the job's; without one the first worker's, or with AllWorkers everyone's."""
    done = {place_of(job, pod) for pod in succeeded}
    chiefs = [place for place in job.places if place[0] in ("Chief", "Master")]
    if chiefs:
        return set(chiefs) <= done
    if ("Worker", 0) in done and job.obj["spec"].get("successPolicy") != "AllWorkers":
        return True
    workers = {place for place in job.places if place[0] == "Worker"}
    return bool(workers) and workers <= done


KIND = Kind(
    resource=TFJOBS,
    specs="tfReplicaSpecs",
    types=("PS", "Master", "Chief", "Worker", "Evaluator"),
    container="tensorflow",
    port=("tfjob-port", 2222),
    restart="Never",
    environment=environment,
    everywhere=False,
    leader=("Chief", "Master"),
    has_succeeded=has_succeeded,
)


def check(obj: Object) -> Iterator[Cause]:
    """A TFJob has at most one Chief or Master."""
    yield from rules.common(obj, "tfReplicaSpecs", "tensorflow")
    chiefs = [kind for kind in obj["spec"]["tfReplicaSpecs"] if kind in ("Chief", "Master")]
    if len(chiefs) > 1:
        yield forbidden("spec.tfReplicaSpecs", "must not have more than 1 Chief or Master role")
    if obj["spec"].get("successPolicy") not in (None, "", "AllWorkers"):
        yield unsupported("spec.successPolicy", obj["spec"]["successPolicy"], ("", "AllWorkers"))


SHAPES = """
TFJob metadata:ObjectMeta spec:TFJobSpec! status:any
TFJobSpec runPolicy:RunPolicy successPolicy:s enableDynamicWorker:b tfReplicaSpecs:{ReplicaSpec}!
"""

DEFINITIONS = (
    Definition(resource=TFJOBS, shapes=SHAPES, check=check, columns=(("State", conditions.latest),)),
)
