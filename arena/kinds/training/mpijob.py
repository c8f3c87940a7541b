"""MPIJob: a launcher runs the command, usually mpirun, over the workers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from arena import labels
from arena.errors import MissingOperator
from arena.kinds.kind import Kind, Member, Object, Pod, switch
from arena.kinds.spec import option
from arena.kinds.training import environment, peers, pods, reading, render, volumes
from arena.kinds.training.peers import CleanedSpec
from arena.model import Job, Phase
from arena.resources import Resource

NAME = "mpijob"

V2 = Resource("kubeflow.org", "v2beta1", "mpijobs", kind="MPIJob", field="launcherCreationPolicy")
"""Since MPI operator 0.5, whose launchers can wait for their workers."""
EARLY = V2._replace(field="")
V1 = Resource("kubeflow.org", "v1", "mpijobs", kind="MPIJob")
OLD = Resource("kubeflow.org", "v1alpha1", "mpijobs", kind="MPIJob")
"""Of the Go arena's time: such jobs are read, but none are made."""

RESOURCES = (V2, EARLY, V1, OLD)

OPERATORS = {V2.api_version: "mpi-operator", V1.api_version: "mpijob-controller"}

FORMER = (f"{labels.MPI_JOB_NAME},!{labels.JOB_NAME}",)
"""Selects the pods of the old operator."""

_BACKOFF = 6
"""How often a Job starts another pod where nobody says it."""

_OLD_PHASES = {"Active": Phase.RUNNING, "Succeeded": Phase.SUCCEEDED, "Failed": Phase.FAILED}

TOPOLOGY_GPU = "aliyun.com/gpu"


class MPIJobSpec(CleanedSpec):
    """What an MPIJob is asked to be."""

    slots_per_worker: int = option(0, "Processes of each worker (0: one per GPU, at least one)")
    gputopology: bool = option(False, "Place workers by the topology of the GPUs")
    mounts_on_launcher: bool = option(False, "Mount the data of --data into the launcher too")

    @property
    def taken(self) -> tuple[str, ...]:
        """As of every Spec; the volumes of both operators."""
        return (*super().taken, "ssh-auth", "mpi-job-config", "mpi-job-kubectl")

    @property
    def slots(self) -> int:
        """Processes of each worker."""
        return self.slots_per_worker or self.gpus or 1


def values(spec: MPIJobSpec, resource: Resource) -> dict[str, Any]:
    """The values of the template.

    Raises:
        SpecError: there is no image, or a label is arena's own.
        MissingOperator: the cluster's operator is too old.
    """
    return launch(spec, NAME, resource)


def launch(spec: MPIJobSpec, kind: str, resource: Resource) -> dict[str, Any]:
    """As `values`, for whatever kind is carried by an MPIJob."""
    if resource.version == OLD.version:
        raise MissingOperator(
            "the cluster has an MPI operator that is too old to submit to",
            "install MPI operator 0.4 or newer",
        )
    # A launcher that is made once the workers run is not of their gang, which would wait for it for ever.
    waits = resource == V2
    size = peers.size(spec)
    found = render.shared(spec, kind, resource, size if waits else replace(size, pods=size.pods + 1))
    if resource.version == V2.version:
        # A Job starts the launcher there: a pod that failed stays, so that its log can be read, and another
        # comes; the default of six times is not what "no --retry" says.
        found |= {"restart_policy": "Never", "backoff_limit": spec.retry}
    if spec.gputopology:
        _by_topology(spec, found)
    del found["mounts"]  # those of the launcher and of workers differ
    seen = replace(spec, share_memory="") if spec.gputopology else spec
    return {
        **found,
        # One that came before them would fail for it, and without --retry the job with it.
        "creation": "WaitForWorkersReady" if waits else None,
        "clean_pods": spec.clean_task_policy,
        "slots": spec.slots,
        # That of the training operator; of the other, the launcher is a Job, which keeps deadlines itself.
        "pod_deadline": found["active_deadline"] if resource.version == V1.version else None,
        "image": render.image(spec),
        "selector": dict(spec.selector) or None,
        "launcher_env": environment.env(spec, hide_gpus=False),
        "launcher_mounts": volumes.mounts(seen, claims=spec.mounts_on_launcher) or None,
        "worker_command": None,
        "worker_replicas": spec.workers,
        "worker_env": environment.env(spec, hide_gpus=not spec.gpus),
        "worker_mounts": volumes.mounts(seen) or None,
        "worker_resources": _resources(spec),
    }


def _by_topology(spec: MPIJobSpec, found: dict[str, Any]) -> None:
    more = {labels.GPU_TOPOLOGY: "true", labels.GPU_TOPOLOGY_REPLICA: str(spec.workers)}
    found["pod_labels"] = {**found["pod_labels"], **more}
    alike = replace(spec, host_network=True, share_memory="")
    found |= render.pod(alike)


def _resources(spec: MPIJobSpec) -> dict[str, Any] | None:
    found = render.resources(spec, spec.gpus, {"cpu": spec.cpu, "memory": spec.memory})
    if found and spec.gputopology and spec.gpus:
        found["limits"][TOPOLOGY_GPU] = found["limits"].pop(render.GPU)
    return found


def runs_horovod(obj: Object) -> bool:
    """Whether the launcher of an MPIJob runs horovodrun, or its maker said so."""
    kind = (obj["metadata"].get("labels") or {}).get(labels.APP)
    if kind in (NAME, "horovodjob"):
        return bool(kind == "horovodjob")
    spec = obj.get("spec") or {}
    launcher = (spec.get("mpiReplicaSpecs") or {}).get("Launcher") or spec
    containers = ((launcher.get("template") or {}).get("spec") or {}).get("containers") or ()
    words = [
        str(word) for one in containers for word in (*(one.get("command") or ()), *(one.get("args") or ()))
    ]
    return "horovodrun" in " ".join(words)


def pods_of(obj: Object) -> Mapping[str, str]:
    """The labels that all pods of an MPIJob carry, by the operator that serves its version."""
    name = obj["metadata"]["name"]
    operator = OPERATORS.get(obj.get("apiVersion", ""))
    if operator:
        return {labels.JOB_NAME: name, labels.OPERATOR_NAME: operator}
    return {labels.MPI_JOB_NAME: name}


def job_of(pod: Object) -> str:
    """The MPIJob that a pod belongs to, or ""."""
    own = pod["metadata"].get("labels") or {}
    if own.get(labels.OPERATOR_NAME) in OPERATORS.values():
        return own.get(labels.JOB_NAME) or ""
    return own.get(labels.MPI_JOB_NAME) or ""


def reader(kind: str) -> Callable[[Object, Sequence[Pod]], Job]:
    """The reader of a kind that an MPIJob carries."""

    def read(obj: Object, members: Sequence[Pod]) -> Job:
        spec = obj.get("spec") or {}
        roles = [spec] if "template" in spec else (spec.get("mpiReplicaSpecs") or {}).values()
        found = [pods.member(one) for one in members]
        old = _OLD_PHASES.get((obj.get("status") or {}).get("launcherStatus") or "")
        said = old or (Phase.RESTARTING if _starts_again(obj, found) else None)
        return reading.job(kind, obj, found, [role for role in roles if role], said=(said, ""))

    return read


def _starts_again(obj: Object, members: Sequence[Member]) -> bool:
    """Whether the Job that starts launchers is about to start another, which the operator does not tell."""
    made_by = f"{obj['metadata']['name']}-launcher"
    phases = [one.instance.phase for one in members if one.owner[0] == made_by]
    most = ((obj.get("spec") or {}).get("runPolicy") or {}).get("backoffLimit")
    again = 0 < phases.count("Failed") <= (_BACKOFF if most is None else most)
    return again and not {"Running", "Succeeded"} & set(phases)


KIND = Kind(
    name=NAME,
    aliases=("mpi", "mj"),
    summary="MPI programs: a launcher and workers",
    resources=RESOURCES,
    template="mpijob.yaml",
    spec=MPIJobSpec,
    values=values,
    read=reader(NAME),
    pods=pods_of,
    owns=lambda obj: not runs_horovod(obj),
    job_of=job_of,
    former=FORMER,
    suspend=switch("spec", "runPolicy", "suspend"),
    examples=('arena submit mpijob --name allreduce --workers 4 --image IMAGE "mpirun python train.py"',),
)
