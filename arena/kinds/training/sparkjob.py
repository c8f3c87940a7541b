"""SparkApplication: a driver runs a Spark program and creates executors for it."""

from collections.abc import Mapping, Sequence

from arena import labels
from arena.kinds.kind import Kind, Object, Pod, PodConventions, switch
from arena.kinds.training import FAMILY
from arena.kinds.training.base import reading
from arena.model.jobs import Job, Phase
from arena.resources import Resource
from arena.units import when
from arena.values import replace

NAME = "sparkjob"
CONVENTIONS = PodConventions(
    role_labels=(labels.SPARK_ROLE,),
    index_labels=(labels.SPARK_EXECUTOR,),
    chief_roles=("driver",),
    has_chief=True,
    main_containers=("spark-kubernetes-driver", "spark-kubernetes-executor"),
)
_PHASES = {
    "FAILED": Phase.FAILED,
    "COMPLETED": Phase.SUCCEEDED,
    **dict.fromkeys(("SUSPENDED", "SUSPENDING"), Phase.SUSPENDED),
    **dict.fromkeys(("RUNNING", "SUCCEEDING", "FAILING"), Phase.RUNNING),
    **dict.fromkeys(("PENDING_RERUN", "INVALIDATING", "RESUMING"), Phase.RESTARTING),
}


def read(obj: Object, members: Sequence[Pod]) -> Job:
    """Read the job with its driver and its executors."""
    state = obj.get("status") or {}
    told = state.get("applicationState") or {}
    said = (_PHASES.get(told.get("state") or ""), str(told.get("errorMessage") or ""))
    found = reading.job(NAME, obj, members, _roles(obj.get("spec") or {}), CONVENTIONS, said)
    ended = when(state.get("terminationTime")) if found.phase.is_final else None
    return replace(found, started=when(state.get("lastSubmissionAttemptTime")), finished=ended)


def _roles(spec: Object) -> list[Object]:
    """Driver and executor, described like the roles of other kinds."""
    found: list[Object] = []
    for name in ("driver", "executor"):
        role = spec.get(name) or {}
        gpu = role.get("gpu") or {}
        limits = {str(gpu.get("name")): str(gpu.get("quantity") or 0)} if gpu else {}
        pod = {
            "containers": [{"resources": {"limits": limits}}],
            "priorityClassName": role.get("priorityClassName"),
            "schedulerName": spec.get("batchScheduler"),
        }
        replicas = role.get("instances", 1) if name == "executor" else 1
        found.append({"replicas": replicas, "template": {"spec": pod}})
    return found


def pods_of(obj: Object) -> Mapping[str, str]:
    """The label of the job's pods."""
    return {labels.SPARK_APP_NAME: obj["metadata"]["name"]}


def job_of(pod: Object) -> str:
    """The SparkApplication that a pod belongs to, or ""."""
    own = pod["metadata"].get("labels") or {}
    return own.get(labels.SPARK_APP_NAME) or ""


KIND = Kind(
    name=NAME,
    family=FAMILY,
    aliases=("spark",),
    summary="Spark programs: a driver and executors",
    resources=(Resource("sparkoperator.k8s.io", "v1beta2", "sparkapplications", kind="SparkApplication"),),
    template="sparkjob.yaml",
    specs="arena.kinds.training.specs.sparkjob",
    read=read,
    pods=pods_of,
    job_of=job_of,
    conventions=CONVENTIONS,
    one_world=False,
    selectors=(labels.SPARK_APP_NAME,),
    suspend=switch("spec", "suspend"),
    servers=("executor",),
    examples=(
        "arena submit sparkjob --name pi --replicas 2 1000",
        "arena submit sparkjob --name etl --image IMAGE --jar local:///opt/app/etl.py --replicas 8",
    ),
)
