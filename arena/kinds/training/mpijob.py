"""MPIJob: a launcher runs the command, usually mpirun, over the workers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from arena import accelerators, labels
from arena.errors import MissingOperator
from arena.kinds.kind import Kind, Object, Pod, PodSummary, switch
from arena.kinds.spec import option
from arena.kinds.training import FAMILY
from arena.kinds.training.base import reading, render, workers
from arena.kinds.training.base.training_operator import TRAINING_OPERATOR
from arena.kinds.training.base.workers import WorkerSpec, clean_policy
from arena.kinds.workload import environment, images, instances, pod_values, volumes
from arena.kinds.workload.rendering import Rendering
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

HOROVODRUN = "horovodrun"
"""The program of Horovod's launchers: an MPIJob that runs it is a Horovod job."""

FORMER = (f"{labels.MPI_JOB_NAME},!{labels.JOB_NAME}",)
"""Selects the pods of the old operator."""

_BACKOFF = 6
"""The default backoffLimit of a Job."""

_OLD_PHASES = {"Active": Phase.RUNNING, "Succeeded": Phase.SUCCEEDED, "Failed": Phase.FAILED}


class MPIJobSpec(WorkerSpec):
    """The options of an MPIJob."""

    slots_per_worker: int = option(0, "Processes of each worker (0: one per GPU, at least one)")
    gputopology: bool = option(False, "Place workers by GPU topology", safe=True)
    mounts_on_launcher: bool = option(False, "Mount --data into the launcher, too", safe=True)
    clean_task_policy: str = clean_policy("Running")

    @property
    def operator_volumes(self) -> tuple[str, ...]:
        """The volumes of both operators."""
        return (*super().operator_volumes, "ssh-auth", "mpi-job-config", "mpi-job-kubectl")

    @property
    def slots(self) -> int:
        """Processes of each worker."""
        return self.slots_per_worker or self.gpus or 1


def values(spec: MPIJobSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of the template.

    Raises:
        SpecError: there is no image, or a label is arena's own.
        MissingOperator: the cluster's operator is too old.
    """
    return launch(spec, NAME, rendering)


def launch(spec: MPIJobSpec, kind: str, rendering: Rendering) -> dict[str, Any]:
    """As `values`, for any kind that uses an MPIJob."""
    resource = rendering.resource
    if resource.version == OLD.version:
        raise MissingOperator(
            "the MPI operator of the cluster is too old",
            "install MPI operator 0.4 or newer",
        )
    # A launcher that is created once the workers run is not part of their gang, which would never start.
    waits = resource == V2
    size = workers.size(spec)
    found = render.shared(spec, kind, rendering, size if waits else replace(size, pods=size.pods + 1))
    if resource.version == V2.version:
        # There a Job starts the launcher: a failed pod is kept, so that its log can be read, and replaced.
        # The default of 6 replacements would contradict a missing --retry.
        found |= {"restart_policy": "Never", "backoff_limit": spec.retry}
    if spec.gputopology:
        _by_topology(spec, rendering, found)
    del found["mounts"]  # the launcher's and the workers' differ
    seen = replace(spec, share_memory="") if spec.gputopology else spec
    return {
        **found,
        # A launcher that starts before its workers would fail, and without --retry so would the job.
        "creation": "WaitForWorkersReady" if waits else None,
        "clean_pods": spec.clean_task_policy,
        "slots": spec.slots,
        # For the training operator; the other's launcher is a Job, which enforces deadlines itself.
        "pod_deadline": found["active_deadline"] if resource.version == V1.version else None,
        "image": images.image(spec, rendering),
        "selector": dict(spec.selector) or None,
        "launcher_env": environment.env(spec, hide_gpus=False),
        "launcher_mounts": volumes.mounts(seen, rendering, claims=spec.mounts_on_launcher) or None,
        "worker_command": None,
        "worker_replicas": spec.workers,
        "worker_env": environment.env(spec, hide_gpus=not spec.gpus),
        "worker_mounts": volumes.mounts(seen, rendering) or None,
        "worker_resources": _resources(spec),
    }


def _by_topology(spec: MPIJobSpec, rendering: Rendering, found: dict[str, Any]) -> None:
    more = {labels.GPU_TOPOLOGY: "true", labels.GPU_TOPOLOGY_REPLICA: str(spec.workers)}
    found["pod_labels"] = {**found["pod_labels"], **more}
    alike = replace(spec, host_network=True, share_memory="")
    found |= pod_values.pod(alike, rendering)


def _resources(spec: MPIJobSpec) -> dict[str, Any] | None:
    found = pod_values.resources(spec, spec.gpus, {"cpu": spec.cpu, "memory": spec.memory})
    if found and spec.gputopology and spec.gpus:
        found["limits"][accelerators.ALIYUN] = found["limits"].pop(pod_values.GPU)
    return found


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
    spec=MPIJobSpec,
    values=values,
    read=reader(NAME),
    pods=pods_of,
    owns=owns,
    event_writer=first_worker,
    job_of=job_of,
    former=FORMER,
    conventions=CONVENTIONS,
    kueue=is_queued,
    suspend=switch("spec", "runPolicy", "suspend"),
    servers=("worker",),
    examples=('arena submit mpijob --name allreduce --workers 4 --image IMAGE "mpirun python train.py"',),
)
