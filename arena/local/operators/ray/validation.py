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
    if not spec.get("entrypoint"):
        yield missing("spec.entrypoint", "what to run")
    yield from _check_place(spec)
    yield from _check_cluster(spec.get("rayClusterSpec"))


def _check_place(spec: Object) -> Iterator[FieldError]:
    if spec.get("clusterSelector"):
        yield forbidden(
            "spec.clusterSelector", "the local cluster has no RayClusters other than those of jobs"
        )
    if spec.get("submissionMode") == "InteractiveMode":
        yield forbidden("spec.submissionMode", "the local cluster does not support InteractiveMode")
    if spec.get("runtimeEnvYAML"):
        why = "the local cluster does not prepare environments: install what the program needs"
        yield forbidden("spec.runtimeEnvYAML", why)


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


SHAPES = """
RayJob metadata:ObjectMeta spec:RayJobSpec! status:RayJobStatus
RayJobStatus dashboardURL:s endTime:t failed:i jobDeploymentStatus:s jobId:s jobStatus:s message:s \
observedGeneration:i rayClusterName:s rayClusterStatus:RayClusterStatus rayJobInfo:any reason:s startTime:t \
succeeded:i
RayClusterStatus availableWorkerReplicas:i conditions:[Condition/type] desiredCPU:q desiredGPU:q \
desiredMemory:q desiredTPU:q desiredWorkerReplicas:i endpoints:{s} head:RayHeadStatus lastUpdateTime:t \
maxWorkerReplicas:i minWorkerReplicas:i observedGeneration:i readyWorkerReplicas:i reason:s state:s \
stateTransitionTimes:{t}
RayHeadStatus podIP:s podName:s serviceIP:s serviceName:s
RayJobSpec activeDeadlineSeconds:i backoffLimit:i clusterSelector:{s} deletionStrategy:any entrypoint:s \
entrypointNumCpus:n entrypointNumGpus:n entrypointResources:s jobId:s managedBy:s metadata:{s} \
preRunningDeadlineSeconds:i rayClusterSpec:RayClusterSpec runtimeEnvYAML:s shutdownAfterJobFinishes:b \
submissionMode:s submitterConfig:any submitterPodTemplate:PodTemplateSpec suspend:b ttlSecondsAfterFinished:i
RayClusterSpec authOptions:any autoscalerOptions:any enableInTreeAutoscaling:b gcsFaultToleranceOptions:any \
headGroupSpec:RayHeadGroup! headServiceAnnotations:{s} historyServerOptions:any managedBy:s \
networkPolicy:any rayVersion:s suspend:b tlsOptions:any upgradeStrategy:any workerGroupSpecs:[RayWorkerGroup]
RayHeadGroup enableIngress:b headService:any ingressOptions:any labels:{s} rayStartParams:{s} resources:{q} \
serviceType:s template:PodTemplateSpec!
RayWorkerGroup groupName:s! idleTimeoutSeconds:i labels:{s} maxReplicas:i! minReplicas:i! numOfHosts:i \
priority:i rayStartParams:{s} replicas:i resources:{q} scaleStrategy:any suspend:b template:PodTemplateSpec!
"""

_ENDS = {"Failed": "Failed", "ValidationFailed": "Failed", "Complete": "Succeeded"}


def _outcome(obj: Object) -> Outcome:
    """How a RayJob ended, by its state: it has no conditions."""
    status = obj.get("status") or {}
    return Outcome(_ENDS.get(status.get("jobDeploymentStatus", ""), ""), status.get("endTime"))


DEFINITIONS = (
    Definition(
        resource=RAYJOBS,
        shapes=SHAPES,
        check=check,
        outcome=_outcome,
        columns=(
            ("Job Status", lambda obj: (obj.get("status") or {}).get("jobStatus", "")),
            ("Deployment Status", lambda obj: (obj.get("status") or {}).get("jobDeploymentStatus", "")),
            ("RayCluster Name", lambda obj: (obj.get("status") or {}).get("rayClusterName", "")),
        ),
    ),
)
