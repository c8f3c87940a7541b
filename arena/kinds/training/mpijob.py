"""MPIJob: a launcher runs the command, usually mpirun, over the workers."""

from collections.abc import Callable, Mapping, Sequence

from arena import labels
from arena.kinds.kind import Kind, Object, Pod, PodSummary, switch
from arena.kinds.training import FAMILY
from arena.kinds.training.base import reading
from arena.kinds.training.base.training_operator import HALT as WITHOUT_LAUNCHER
from arena.kinds.training.base.training_operator import TRAINING_OPERATOR
from arena.kinds.workload import instances
from arena.model.jobs import Job, Phase
from arena.resources import Resource

NAME = "mpijob"
CONVENTIONS = TRAINING_OPERATOR._replace(main_containers=("mpi",), has_chief=True)

V2 = Resource("kubeflow.org", "v2beta1", "mpijobs", kind="MPIJob", field="launcherCreationPolicy")
"""Since MPI operator 0.5, launchers can wait for their workers."""
EARLY = V2._replace(field="")
V1 = Resource("kubeflow.org", "v1", "mpijobs", kind="MPIJob")
OLD = Resource("kubeflow.org", "v1alpha1", "mpijobs", kind="MPIJob")
"""From the Go arena's time: such jobs can be read, but not created."""

RESOURCES = (V2, EARLY, V1, OLD)

OPERATORS = {V2.api_version: "mpi-operator", V1.api_version: "mpijob-controller"}

HALT = WITHOUT_LAUNCHER._replace(launcher="-launcher")
"""Before MPI operator 0.5, no job can be suspended, and the Job of a launcher keeps its first deadline."""

HOROVODRUN = "horovodrun"
"""The program of Horovod's launchers: an MPIJob that runs it is a Horovod job."""

FORMER = (f"{labels.MPI_JOB_NAME},!{labels.JOB_NAME}",)
"""Selects the pods of the old operator."""

_BACKOFF = 6
"""The default backoffLimit of a Job."""

_OLD_PHASES = {"Active": Phase.RUNNING, "Succeeded": Phase.SUCCEEDED, "Failed": Phase.FAILED}


def launcher(obj: Object) -> Object:
    """The role of an MPIJob that runs the command."""
    spec = obj.get("spec") or {}
    found: Object = (spec.get("mpiReplicaSpecs") or {}).get("Launcher") or spec
    return found


def owns(obj: Object) -> bool:
    """Whether an MPIJob was submitted as one, or its launcher does not run horovodrun."""
    made = reading.made_as(obj, NAME, RESOURCES)
    return not reading.runs(launcher(obj), HOROVODRUN) if made is None else made


def pods_of(obj: Object) -> Mapping[str, str]:
    """The labels that all pods of an MPIJob carry, by the operator that serves its version."""
    name = obj["metadata"]["name"]
    operator = OPERATORS.get(obj.get("apiVersion", ""))
    if operator:
        return {labels.JOB_NAME: name, labels.OPERATOR_NAME: operator}
    return {labels.MPI_JOB_NAME: name}


def is_queued(resource: Resource) -> bool:
    """Whether Kueue can hold such MPIJobs: it manages only the MPI operator's v2beta1."""
    return resource.version == V2.version


def first_worker(name: str) -> dict[str, str]:
    """Labels of the pod that rank 0 runs in: the first worker, not the launcher."""
    return {labels.JOB_NAME: name, labels.REPLICA_INDEX: "0"}


def job_of(pod: Object) -> str:
    """The MPIJob that a pod belongs to, or ""."""
    own = pod["metadata"].get("labels") or {}
    if own.get(labels.OPERATOR_NAME) in OPERATORS.values():
        return own.get(labels.JOB_NAME) or ""
    return own.get(labels.MPI_JOB_NAME) or ""


def reader(kind: str) -> Callable[[Object, Sequence[Pod]], Job]:
    """The reader of a kind that uses an MPIJob."""

    def read(obj: Object, members: Sequence[Pod]) -> Job:
        spec = obj.get("spec") or {}
        roles = [spec] if "template" in spec else (spec.get("mpiReplicaSpecs") or {}).values()
        found = [instances.summary(one, CONVENTIONS) for one in members]
        old = _OLD_PHASES.get((obj.get("status") or {}).get("launcherStatus") or "")
        said = old or (Phase.RESTARTING if _starts_again(obj, found) else None)
        return reading.job(kind, obj, found, [role for role in roles if role], CONVENTIONS, (said, ""))

    return read


def _starts_again(obj: Object, members: Sequence[PodSummary]) -> bool:
    """Whether the Job of the launchers is about to start another one, which the operator does not report."""
    made_by = f"{obj['metadata']['name']}-launcher"
    phases = [one.instance.phase for one in members if one.owner[0] == made_by]
    most = ((obj.get("spec") or {}).get("runPolicy") or {}).get("backoffLimit")
    again = 0 < phases.count("Failed") <= (_BACKOFF if most is None else most)
    return again and not {"Running", "Succeeded"} & set(phases)


KIND = Kind(
    name=NAME,
    family=FAMILY,
    aliases=("mpi", "mj"),
    summary="MPI programs: a launcher and workers",
    resources=RESOURCES,
    template="mpijob.yaml",
    specs="arena.kinds.training.specs.mpijob",
    read=reader(NAME),
    pods=pods_of,
    owns=owns,
    event_writer=first_worker,
    job_of=job_of,
    former=FORMER,
    conventions=CONVENTIONS,
    kueue=is_queued,
    suspend=switch("spec", "runPolicy", "suspend"),
    halt=HALT,
    servers=("worker",),
    examples=('arena submit mpijob --name allreduce --workers 4 --image IMAGE "mpirun python train.py"',),
)
