"""TrainJob: a program under one of the runtimes that a cluster's Kubeflow Trainer offers."""

from collections.abc import Sequence
from typing import Any, ClassVar

from arena import labels
from arena.errors import SpecError
from arena.kinds import forms
from arena.kinds.forms import choice
from arena.kinds.kind import Kind, Object, Pod, switch
from arena.kinds.spec import option
from arena.kinds.training import code, environment, jobset, reading, render
from arena.kinds.training.base import VOLCANO, TrainingSpec
from arena.model import Job
from arena.resources import Resource

NAME = "trainjob"

PATCHES = Resource("trainer.kubeflow.org", "v1alpha1", "trainjobs", kind="TrainJob", field="runtimePatches")
"""Since Trainer 2.2."""
TEMPLATES = PATCHES._replace(field="podTemplateOverrides")
"""Trainer 2.1."""
PODS = PATCHES._replace(field="podSpecOverrides")
"""Trainer 2.0."""

MANAGER = "arena.kubeflow.org/submit"
"""Who patches the runtime."""

STEP = "node"
"""The replicated job of a runtime, and its container, that trains."""


class TrainJobSpec(TrainingSpec):
    """What a TrainJob is asked to be; what a runtime says cannot be asked for."""

    suffix: ClassVar[str] = "-node-0-999999-xxxxx"

    runtime: str = option("torch-distributed", "Runtime of the cluster to train with", forms.OBJECT)
    runtime_kind: str = option(
        "ClusterTrainingRuntime",
        "Whether the runtime is the cluster's or the namespace's",
        choice("ClusterTrainingRuntime", "TrainingRuntime"),
    )
    cpu: str = option("", "CPUs of each worker", forms.QUANTITY)
    memory: str = option("", "Memory of each worker", forms.QUANTITY)
    nproc_per_node: str = option("", "Processes of each worker", forms.PROCESSES)
    working_dir: str = option(
        "", "Directory the command starts in (the image's otherwise)", forms.PATH, old=("--workingDir",)
    )
    service_account: str = option("", "Service account of the workers", forms.OBJECT)
    dataset: str = option("", "URI that the runtime's initializer fetches the dataset from")
    pretrained: str = option("", "URI that the runtime's initializer fetches the model from")
    initializer_secret: str = option("", "Secret with the credentials for both", forms.OBJECT)

    # A runtime alone decides on these.
    retry: int = 0
    ttl_after_finished: int = 0
    gang: bool = False
    queue: bool = False
    priority: str = ""
    scheduler: str = ""
    image_pull_policy: str = ""
    host_network: bool = False
    host_ipc: bool = False
    host_pid: bool = False
    sync_mode: str = ""
    sync_source: str = ""
    sync_image: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if (
            self.tensorboard
            and not (self.working_dir or self.code)
            and not self.logdir.startswith("/")
            and "://" not in self.logdir
        ):
            raise SpecError(f"--logdir {self.logdir} is no absolute path", "give one, or --working-dir")

    def _suffixes(self) -> tuple[str, ...]:
        """As of every job, and what the pods of the initializers add."""
        fetched = (("dataset", self.dataset), ("model", self.pretrained))
        return (*super()._suffixes(), *(f"-{what}-initializer-0-0-xxxxx" for what, uri in fetched if uri))

    def idle(self) -> dict[str, str]:
        """As of every job, and credentials for nothing."""
        lost = bool(self.initializer_secret) and not (self.dataset or self.pretrained)
        return super().idle() | ({"initializer_secret": "--dataset or --pretrained"} if lost else {})


def values(spec: TrainJobSpec, resource: Resource) -> dict[str, Any]:
    """The values of the template.

    Args:
        spec: the Spec.
        resource: which of the three spellings of patches the cluster knows.

    Raises:
        SpecError: a label is arena's own, or the cluster's Trainer cannot do what is asked.
    """
    _check_release(spec, resource)
    size = render.Size(pods=spec.workers, gpus=spec.workers * spec.gpus)
    meta = render.metadata(spec, NAME, size)
    return {
        "api_version": resource.api_version,
        "name": spec.name,
        "labels": meta["labels"],
        "annotations": meta["annotations"],
        "runtime": spec.runtime,
        "runtime_kind": spec.runtime_kind,
        "active_deadline": spec.running_timeout or None,
        "initializer": _initializer(spec),
        **_trainer(spec),
        "spelling": resource.field,
        "patches": _patches(spec, resource, meta),
    }


def _trainer(spec: TrainJobSpec) -> dict[str, Any]:
    """What the nodes are and run."""
    return {
        "image": spec.image or None,
        "command": _command(spec),
        "workers": spec.workers,
        "processes": _processes(spec),
        "resources": render.resources(spec, spec.gpus, {"cpu": spec.cpu, "memory": spec.memory}),
        # The runtime may ask for GPUs of its own.
        "env": environment.env(spec, hide_gpus=False),
    }


def _check_release(spec: TrainJobSpec, resource: Resource) -> None:
    """What not every release of Trainer can do; all of them serve the same version."""
    newest = resource == PATCHES
    wanted = {
        "--running-timeout": spec.running_timeout and not newest,
        "--rdma": spec.rdma and not newest,
        "--queue-system volcano": spec.queued_by == VOLCANO and not newest,
        "--label or --annotation": (spec.label or spec.annotation) and resource == PODS,
        f"--nproc-per-node {spec.nproc_per_node}": spec.nproc_per_node in ("cpu", "gpu") and newest,
    }
    for what, lacking in wanted.items():
        if lacking:
            raise SpecError(
                f"{what}: a TrainJob of the cluster's release of Trainer cannot have it",
                "give a number of processes" if newest else "leave it away, or have Trainer updated to 2.2",
            )


def _initializer(spec: TrainJobSpec) -> dict[str, Any] | None:
    more = {"secretRef": {"name": spec.initializer_secret}} if spec.initializer_secret else {}
    given = {"dataset": spec.dataset, "model": spec.pretrained}
    return {step: {"storageUri": uri, **more} for step, uri in given.items() if uri} or None


def _command(spec: TrainJobSpec) -> list[str]:
    """The command, which unpacks the code and changes the directory itself: there are no fields for that."""
    command = render.shell(spec, spec.command)
    if spec.working_dir and not (spec.on_host or spec.parcel):
        return ["sh", "-c", 'cd -- "$0" && exec "$@"', spec.working_dir, *command]
    return code.brought(spec, command)


def _processes(spec: TrainJobSpec) -> int | str | None:
    if spec.nproc_per_node in ("", "auto"):
        return None
    return int(spec.nproc_per_node) if spec.nproc_per_node.isdecimal() else spec.nproc_per_node


def _patches(spec: TrainJobSpec, resource: Resource, meta: dict[str, Any]) -> list[dict[str, Any]]:
    """What is changed of the runtime's pods, as the release wants it."""
    pod, about = _pod(spec), {"labels": meta["pod_labels"], "annotations": meta["pod_annotations"]}
    if resource == PODS:
        return [{"targetJobs": [{"name": STEP}], **pod}]
    if resource == TEMPLATES:
        return [{"targetJobs": [{"name": STEP}], "metadata": about, "spec": pod}]
    job = {"name": STEP, "template": {"spec": {"template": {"metadata": about, "spec": pod}}}}
    queue = meta["annotations"].get(labels.VOLCANO_QUEUE)
    head = {"metadata": {"annotations": {labels.VOLCANO_QUEUE: queue}}} if queue else {}
    template = {**head, "spec": {"replicatedJobs": [job]}}
    return [{"manager": MANAGER, "trainingRuntimeSpec": {"template": template}}]


def _pod(spec: TrainJobSpec) -> dict[str, Any]:
    shared = render.pod(spec)
    mounts = [*(shared["mounts"] or ()), *code.part_mounts(spec)]
    container = {"name": STEP, "volumeMounts": mounts, "securityContext": shared["security"]}
    found = {
        "serviceAccountName": spec.service_account,
        "nodeSelector": dict(spec.selector),
        "tolerations": shared["tolerations"],
        "imagePullSecrets": shared["pull_secrets"],
        "volumes": shared["volumes"],
        "containers": [{key: value for key, value in container.items() if value}],
    }
    return {key: value for key, value in found.items() if value}


def read(obj: Object, members: Sequence[Pod]) -> Job:
    """The job; there is no condition Running, but counts of Jobs."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    trainer = spec.get("trainer") or {}
    container = {"resources": trainer.get("resourcesPerNode") or {}}
    role = {"replicas": trainer.get("numNodes"), "template": {"spec": {"containers": [container]}}}
    said = jobset.running(status.get("jobsStatus") or (), members, again=False)
    return reading.job(NAME, obj, members, [role], jobset.PLACES, said=(said, ""))


KIND = Kind(
    name=NAME,
    aliases=("train", "trainer"),
    summary="Kubeflow Trainer: a program under a runtime of the cluster",
    resources=(PATCHES, TEMPLATES, PODS),
    template="trainjob.yaml",
    spec=TrainJobSpec,
    values=values,
    read=read,
    pods=lambda obj: {labels.JOBSET_NAME: obj["metadata"]["name"]},
    job_of=jobset.job_of,
    places=jobset.PLACES,
    selectors=(labels.JOBSET_NAME,),
    suspend=switch("spec", "suspend"),
    examples=(
        'arena submit trainjob --name bert --workers 4 --gpus 8 --image IMAGE "torchrun train.py"',
        'arena submit trainjob --name gpt --runtime jax-distributed --workers 2 "python train.py"',
    ),
)
