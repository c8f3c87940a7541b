"""TFJob: parameter servers, workers, chief and evaluator, which find each other by TF_CONFIG."""

import json
from collections.abc import Iterator

from arena.local.field_errors import FieldError, forbidden, unsupported
from arena.local.machinery import replica_validation
from arena.local.machinery.operator import Operator
from arena.local.objects import Object, Resource
from arena.local.operators.kubeflow import training_operator
from arena.local.operators.kubeflow.replicas import Job, Kind, Replica, replica_of

TFJOBS = Resource("kubeflow.org", "v1", "tfjobs", "TFJob")


def operator() -> Operator:
    """The operator of TFJobs."""
    return training_operator.operator_of(KIND)


def environment(job: Job, replica: Replica) -> dict[str, str]:
    """TF_CONFIG for one replica; no variables when it is the only one."""
    if len(job.replicas) == 1:
        return {}
    name, index = replica
    addresses = {one: f"{host}:{port}" for one, (host, port) in job.addresses.items()}
    task = {"type": name.lower(), "index": index}
    if job.obj["spec"].get("enableDynamicWorker"):
        return {"TF_CONFIG": json.dumps({"cluster": _sparse(addresses, replica), "task": task})}
    cluster: dict[str, list[str]] = {}
    for (kind, _), address in addresses.items():
        cluster.setdefault(kind.lower(), []).append(address)
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": task, "environment": "cloud"})}


def _sparse(addresses: dict[Replica, str], replica: Replica) -> Object:
    """The part of the cluster that a replica knows when workers are dynamic: the servers and itself."""
    servers = [address for (kind, _), address in addresses.items() if kind == "PS"]
    if replica.type == "PS":
        return {"ps": [addresses[replica]]}
    own = {str(replica.number): addresses[replica]}
    return {replica.type.lower(): own, **({"ps": servers} if servers else {})}


def has_succeeded(job: Job, succeeded: list[Object]) -> bool:
    """The job succeeds with its chief; without one with its first worker, or with all under AllWorkers."""
    done = {replica_of(job, pod) for pod in succeeded}
    chiefs = [replica for replica in job.replicas if replica.type in ("Chief", "Master")]
    if chiefs:
        return set(chiefs) <= done
    if ("Worker", 0) in done and job.obj["spec"].get("successPolicy") != "AllWorkers":
        return True
    workers = {replica for replica in job.replicas if replica.type == "Worker"}
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


def check(obj: Object) -> Iterator[FieldError]:
    """A TFJob has at most one Chief or Master."""
    yield from replica_validation.check_replicas(obj, "tfReplicaSpecs", "tensorflow")
    chiefs = [kind for kind in obj["spec"]["tfReplicaSpecs"] if kind in ("Chief", "Master")]
    if len(chiefs) > 1:
        yield forbidden("spec.tfReplicaSpecs", "must not have more than 1 Chief or Master role")
    if obj["spec"].get("successPolicy") not in (None, "", "AllWorkers"):
        yield unsupported("spec.successPolicy", obj["spec"]["successPolicy"], ("", "AllWorkers"))


DEFINITIONS = training_operator.definition_of(KIND, check)
