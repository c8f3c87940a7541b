"""What the API knows of RayJobs: their fields, and what is refused."""

from collections.abc import Iterator

from arena.local.definitions import Definition, Outcome
from arena.local.field_errors import DNS_1035, FieldError, check_count, forbidden, invalid, missing
from arena.local.objects import Object
from arena.local.operators.ray.manifests import RAYJOBS

LONGEST_NAME = 47
"""Maximum length of a job's name, since suffixes are appended for its cluster and pods."""


def check(obj: Object) -> Iterator[FieldError]:
    """What KubeRay refuses, and what needs more than the local cluster has."""
    name, spec = obj["metadata"]["name"], obj["spec"]
    if not DNS_1035.fullmatch(name) or len(name) > LONGEST_NAME:
        why = f"a DNS-1035 label of at most {LONGEST_NAME} characters, which starts with a letter, is needed"
        yield invalid("metadata.name", name, why)
    if spec.get("suspend") and not spec.get("shutdownAfterJobFinishes"):
        yield invalid("spec.suspend", True, "requires shutdownAfterJobFinishes")
    for field in ("ttlSecondsAfterFinished", "backoffLimit", "activeDeadlineSeconds"):
        yield from check_count(f"spec.{field}", spec.get(field))
    if spec.get("ttlSecondsAfterFinished") and not spec.get("shutdownAfterJobFinishes"):
        value = spec["ttlSecondsAfterFinished"]
        yield invalid("spec.ttlSecondsAfterFinished", value, "requires shutdownAfterJobFinishes")
    if spec.get("activeDeadlineSeconds") == 0:
        yield invalid("spec.activeDeadlineSeconds", 0, "must be greater than 0")
    yield from _check_place(spec)
    yield from _check_cluster(spec.get("rayClusterSpec"))


def _check_place(spec: Object) -> Iterator[FieldError]:
    if spec.get("clusterSelector"):
        yield forbidden(
            "spec.clusterSelector", "the local cluster has no RayClusters other than those of jobs"
        )
    if spec.get("submissionMode") == "InteractiveMode":
        yield forbidden("spec.submissionMode", "the local cluster does not support InteractiveMode")


def _check_cluster(cluster: Object | None) -> Iterator[FieldError]:
    if not cluster:
        yield missing("spec.rayClusterSpec", "the cluster that runs the job")
        return
    path = "spec.rayClusterSpec"
    groups = [("headGroupSpec", cluster["headGroupSpec"])]
    workers = cluster.get("workerGroupSpecs") or []
    groups += [(f"workerGroupSpecs[{number}]", one) for number, one in enumerate(workers)]
    for field, group in groups:
        if not (group["template"].get("spec") or {}).get("containers"):
            yield missing(f"{path}.{field}.template.spec.containers", "must be specified")
    names = [one["groupName"] for one in workers]
    for number, one in enumerate(workers):
        if names.index(one["groupName"]) != number:
            yield invalid(f"{path}.workerGroupSpecs[{number}].groupName", one["groupName"], "is there twice")
        for field in ("replicas", "minReplicas", "maxReplicas", "numOfHosts"):
            yield from check_count(f"{path}.workerGroupSpecs[{number}].{field}", one.get(field))
        if one["minReplicas"] > one["maxReplicas"]:
            why = "must not exceed maxReplicas"
            yield invalid(f"{path}.workerGroupSpecs[{number}].minReplicas", one["minReplicas"], why)


_ENDS = {"Failed": "Failed", "ValidationFailed": "Failed", "Complete": "Succeeded"}


def _outcome(obj: Object) -> Outcome:
    """How a RayJob ended, by its state: it has no conditions."""
    status = obj.get("status") or {}
    return Outcome(_ENDS.get(status.get("jobDeploymentStatus", ""), ""), status.get("endTime"))


DEFINITIONS = (Definition(resource=RAYJOBS, served=("v1alpha1",), check=check, outcome=_outcome),)
