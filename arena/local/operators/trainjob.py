"""TrainJob: a JobSet made from a runtime, with what the job asks for put in its place.

The runtimes torch-distributed and jax-distributed are there from the start.
"""

import copy
from collections.abc import Iterator
from datetime import datetime

from arena.local.causes import DNS_1035, Cause, invalid, missing, unsupported
from arena.local.definitions import Definition
from arena.local.objects import Object, Objects, Resource, key
from arena.local.operators import conditions, runtimes
from arena.local.operators.conditions import Words
from arena.local.operators.jobset import COMPLETED, JOBSETS
from arena.local.operators.operator import Operator, of_kind
from arena.local.operators.writes import ensure, owned, write_status

GROUP, VERSION = "trainer.kubeflow.org", "v1alpha1"
TRAINJOBS = Resource(GROUP, VERSION, "trainjobs", "TrainJob")
RUNTIMES = Resource(GROUP, VERSION, "trainingruntimes", "TrainingRuntime")
CLUSTER_RUNTIMES = Resource(GROUP, VERSION, "clustertrainingruntimes", "ClusterTrainingRuntime", False)

COMPLETE = "Complete"

_MANAGERS = ("trainer.kubeflow.org/trainjob-controller", "kueue.x-k8s.io/multikueue")


def operator() -> Operator:
    """The operator of TrainJobs."""
    return of_kind(TRAINJOBS, reconcile, owns=(JOBSETS,))


def reconcile(objects: Objects, obj: Object, now: datetime) -> float | None:
    """Bring the JobSet and the status of one TrainJob nearer to its spec."""
    status = copy.deepcopy(obj.get("status") or {})
    if conditions.holds(status, COMPLETE) or conditions.holds(status, conditions.FAILED):
        return None  # What remains is the JobSet's business: it may have a time to live.
    there = owned(objects, JOBSETS, obj)
    if there:
        _follow(objects, obj, status, there[0], now)
    else:
        _make(objects, obj, status, now)
    write_status(objects, TRAINJOBS, obj, status)
    return None


def _make(objects: Objects, obj: Object, status: Object, now: datetime) -> None:
    """Make the JobSet; without a runtime that can make one the job has failed."""
    reference = obj["spec"]["runtimeRef"]
    runtime = _runtime(objects, reference, key(obj)[0])
    if runtime is None:
        known = ", ".join(one["metadata"]["name"] for one in objects.list(CLUSTER_RUNTIMES))
        why = f'there is no {reference["kind"]} "{reference["name"]}"; the cluster has {known}'
    else:
        why = runtimes.refusal(runtime, obj)
    if why:
        _end(objects, obj, status, now, Words(conditions.FAILED, "TrainingRuntimeNotSupported", why))
    elif runtime:
        body = {"apiVersion": JOBSETS.api_version, "kind": JOBSETS.kind, **runtimes.jobset(runtime, obj)}
        ensure(objects, JOBSETS, body, (TRAINJOBS, obj))
        _tell_suspended(objects, obj, status, now)


def _runtime(objects: Objects, reference: Object, namespace: str) -> Object | None:
    if reference["kind"] == RUNTIMES.kind:
        return objects.get(RUNTIMES, reference["name"], namespace)
    return objects.get(CLUSTER_RUNTIMES, reference["name"])


def _follow(objects: Objects, obj: Object, status: Object, jobset: Object, now: datetime) -> None:
    """Suspend or resume the JobSet as asked, and tell of it what it tells of itself."""
    wanted, there = bool(obj["spec"].get("suspend")), bool(jobset["spec"].get("suspend"))
    if wanted is not there:
        namespace, name = key(jobset)
        objects.patch(JOBSETS, name, {"spec": {"suspend": wanted}}, namespace)
    _tell_suspended(objects, obj, status, now)
    found = jobset.get("status") or {}
    if "replicatedJobsStatus" in found:
        status["jobsStatus"] = found["replicatedJobsStatus"]
    for kind, ours in ((COMPLETED, COMPLETE), (conditions.FAILED, conditions.FAILED)):
        if conditions.holds(found, kind):
            one = conditions.find(found, kind)
            _end(objects, obj, status, now, Words(ours, _reason(obj, one), one["message"]))


def _reason(obj: Object, condition: Object) -> str:
    late = obj["spec"].get("activeDeadlineSeconds") and "DeadlineExceeded" in condition["message"]
    return "DeadlineExceeded" if late else str(condition["reason"])


def _tell_suspended(objects: Objects, obj: Object, status: Object, now: datetime) -> None:
    if obj["spec"].get("suspend"):
        reason, message, value = "Suspended", "TrainJob is suspended", "True"
    elif conditions.holds(status, conditions.SUSPENDED):
        reason, message, value = "Resumed", "TrainJob is resumed", "False"
    else:
        return
    words = Words(conditions.SUSPENDED, reason, message, value)
    conditions.announce(objects, (TRAINJOBS, obj), status, words, now)


def _end(objects: Objects, obj: Object, status: Object, now: datetime, words: Words) -> None:
    urgency = "Warning" if words.kind == conditions.FAILED else "Normal"
    conditions.announce(objects, (TRAINJOBS, obj), status, words, now, urgency)


def fill(obj: Object) -> None:
    """What its definition fills in, in place."""
    spec = obj["spec"]
    spec.setdefault("suspend", False)
    spec.setdefault("managedBy", _MANAGERS[0])
    spec.setdefault("runtimeRef", {}).setdefault("apiGroup", GROUP)
    spec["runtimeRef"].setdefault("kind", CLUSTER_RUNTIMES.kind)


def check(obj: Object) -> Iterator[Cause]:
    """What its webhook refuses, as far as the object alone tells."""
    name, spec = obj["metadata"]["name"], obj["spec"]
    if not DNS_1035.fullmatch(name) or len(name) > 63:
        yield invalid("metadata.name", name, "must be a DNS-1035 label of at most 63 characters")
    reference = spec["runtimeRef"]
    kinds = (CLUSTER_RUNTIMES.kind, RUNTIMES.kind)
    if not reference.get("name"):
        yield missing("spec.runtimeRef.name")
    if reference.get("kind") not in kinds:
        yield unsupported("spec.runtimeRef.kind", reference.get("kind"), kinds)
    if spec.get("managedBy") not in _MANAGERS:
        yield unsupported("spec.managedBy", spec["managedBy"], _MANAGERS)
    nodes = (spec.get("trainer") or {}).get("numNodes")
    if isinstance(nodes, int) and nodes < 1:
        yield invalid("spec.trainer.numNodes", nodes, "must be greater than or equal to 1")
    yield from runtimes.check_patches(spec)


SHAPES = """
TrainJob metadata:ObjectMeta spec:TrainJobSpec! status:any
TrainJobSpec runtimeRef:TrainJobRuntime! initializer:TrainJobInitializer trainer:TrainJobTrainer suspend:b \
runtimePatches:[TrainJobPatch/manager] activeDeadlineSeconds:i managedBy:s
TrainJobRuntime name:s! apiGroup:s kind:s
TrainJobInitializer dataset:TrainJobSource model:TrainJobSource
TrainJobSource storageUri:s env:[EnvVar/name] secretRef:NameRef
TrainJobTrainer image:s command:[s] args:[s] env:[EnvVar/name] numNodes:i resourcesPerNode:Resources \
numProcPerNode:i
TrainJobPatch manager:s! time:s trainingRuntimeSpec:TrainJobPatchSpec
TrainJobPatchSpec template:TrainJobPatchTemplate
TrainJobPatchTemplate metadata:ObjectMeta spec:TrainJobPatchJobs
TrainJobPatchJobs replicatedJobs:[TrainJobPatchJob/name]
TrainJobPatchJob name:s! template:TrainJobPatchJobTemplate
TrainJobPatchJobTemplate metadata:ObjectMeta spec:TrainJobPatchJobSpec
TrainJobPatchJobSpec template:TrainJobPatchPod
TrainJobPatchPod metadata:ObjectMeta spec:TrainJobPatchPodSpec
TrainJobPatchPodSpec serviceAccountName:s volumes:[Volume/name] initContainers:[TrainJobPatchContainer/name] \
containers:[TrainJobPatchContainer/name] nodeSelector:{s} affinity:any tolerations:[Toleration] \
schedulingGates:[NameRef/name] imagePullSecrets:[NameRef/name] securityContext:any \
terminationGracePeriodSeconds:i
TrainJobPatchContainer name:s! env:[EnvVar/name] volumeMounts:[VolumeMount/mountPath] securityContext:any
"""

RUNTIME_SHAPES = """
TrainingRuntime metadata:ObjectMeta spec:TrainingRuntimeSpec!
ClusterTrainingRuntime metadata:ObjectMeta spec:TrainingRuntimeSpec!
TrainingRuntimeSpec mlPolicy:any podGroupPolicy:any template:TrainingRuntimeTemplate!
TrainingRuntimeTemplate metadata:ObjectMeta spec:JobSetSpec!
"""

DEFINITIONS = (
    Definition(
        resource=TRAINJOBS,
        shapes=SHAPES,
        check=check,
        fill=fill,
        immutable=("runtimeRef", "initializer", "trainer", "activeDeadlineSeconds", "managedBy"),
        columns=(("State", conditions.latest),),
    ),
    Definition(resource=RUNTIMES, shapes=RUNTIME_SHAPES, status=False),
    Definition(resource=CLUSTER_RUNTIMES, shapes="", status=False, seeds=runtimes.SHIPPED),
)
