"""TrainJob: its Spec, and the values of its template."""

from typing import Any, ClassVar

from arena import labels
from arena.errors import SpecError
from arena.kinds import option_types as types
from arena.kinds.kind import Specs
from arena.kinds.option_types import choice
from arena.kinds.spec import option
from arena.kinds.training.base.queues import VOLCANO
from arena.kinds.training.specs.base import render
from arena.kinds.training.specs.base.spec import (
    DeadlineOptions,
    QueueOptions,
    TrainingSpec,
    WorkerContainerOptions,
)
from arena.kinds.training.trainjob import NAME, PATCHES, PODS, TEMPLATES
from arena.kinds.workload import code, environment, pod_values
from arena.kinds.workload.pod_spec import working_directory
from arena.kinds.workload.rendering import Rendering
from arena.kinds.workload.spec import TensorBoardSpec
from arena.resources import Resource

MANAGER = "arena.kubeflow.org/submit"
"""The manager in the patches of the runtime."""

STEP = "node"
"""The replicated job of a runtime that trains, and its container."""


class TrainJobSpec(TrainingSpec, WorkerContainerOptions, TensorBoardSpec, QueueOptions, DeadlineOptions):
    """The options of a TrainJob, apart from what its runtime determines."""

    suffix: ClassVar[str] = "-node-0-999999-xxxxx"
    default_dir: ClassVar[str] = ""

    runtime: str = option("torch-distributed", "Runtime of the cluster to train with", types.OBJECT)
    runtime_kind: str = option(
        "ClusterTrainingRuntime",
        "Whether the runtime is the cluster's or the namespace's",
        choice("ClusterTrainingRuntime", "TrainingRuntime"),
    )
    cpu: str = option("", "CPUs of each worker", types.QUANTITY)
    memory: str = option("", "Memory of each worker", types.QUANTITY)
    nproc_per_node: str = option("", "Processes of each worker", types.PROCESSES)
    working_dir: str = working_directory("the image's")
    service_account: str = option("", "Service account of the workers", types.OBJECT)
    dataset: str = option("", "URI that the runtime's initializer fetches the dataset from")
    pretrained: str = option("", "URI that the runtime's initializer fetches the model from")
    initializer_secret: str = option("", "Secret with the credentials for both URIs", types.OBJECT)

    def __post_init__(self) -> None:
        super().__post_init__()
        if (
            self.tensorboard
            and not (self.working_dir or self.code)
            and not self.logdir.startswith("/")
            and "://" not in self.logdir
        ):
            raise SpecError(
                f"--logdir {self.logdir} is not an absolute path", "give an absolute one, or --working-dir"
            )

    def _suffixes(self) -> tuple[str, ...]:
        """The suffixes of every workload and of the initializers' pods."""
        fetched = (("dataset", self.dataset), ("model", self.pretrained))
        return (*super()._suffixes(), *(f"-{what}-initializer-0-0-xxxxx" for what, uri in fetched if uri))

    def unused(self) -> dict[str, str]:
        """The unused options of every job; credentials have no effect without something to fetch."""
        lost = bool(self.initializer_secret) and not (self.dataset or self.pretrained)
        return super().unused() | ({"initializer_secret": "--dataset or --pretrained"} if lost else {})


def values(spec: TrainJobSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of the template.

    Args:
        rendering: its resource determines which of the three spellings of patches the cluster knows.

    Raises:
        SpecError: a label is arena's own, or the cluster's Trainer does not support an option.
    """
    _check_release(spec, rendering.resource)
    size = render.Size(pods=spec.workers, gpus=spec.workers * spec.gpus)
    meta = render.metadata(spec, NAME, size)
    return {
        "api_version": rendering.resource.api_version,
        "name": spec.name,
        "labels": meta["labels"],
        "annotations": meta["annotations"],
        "runtime": spec.runtime,
        "runtime_kind": spec.runtime_kind,
        "active_deadline": spec.running_timeout or None,
        "initializer": _initializer(spec),
        **_trainer(spec, rendering),
        "spelling": rendering.resource.field,
        "patches": _patches(spec, rendering, meta),
    }


def _trainer(spec: TrainJobSpec, rendering: Rendering) -> dict[str, Any]:
    """The trainer: the nodes and their command."""
    return {
        "image": spec.image or None,
        "command": _command(spec, rendering),
        "workers": spec.workers,
        "processes": _processes(spec),
        "resources": pod_values.resources(spec, spec.gpus, {"cpu": spec.cpu, "memory": spec.memory}),
        # The runtime may request GPUs itself.
        "env": environment.env(spec, hide_gpus=False),
    }


def _check_release(spec: TrainJobSpec, resource: Resource) -> None:
    """Refuse what this release of Trainer cannot do; all releases serve the same version."""
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
                f"{what}: the cluster's release of Trainer does not support it",
                "give a number of processes" if newest else "omit it, or update Trainer to 2.2",
            )


def _initializer(spec: TrainJobSpec) -> dict[str, Any] | None:
    more = {"secretRef": {"name": spec.initializer_secret}} if spec.initializer_secret else {}
    given = {"dataset": spec.dataset, "model": spec.pretrained}
    return {step: {"storageUri": uri, **more} for step, uri in given.items() if uri} or None


def _command(spec: TrainJobSpec, rendering: Rendering) -> list[str]:
    """The command, which unpacks the code and changes the directory itself, since no field does so."""
    command = pod_values.shell(spec, spec.command)
    if spec.working_dir and not (rendering.on_host or rendering.code):
        return ["sh", "-c", 'cd -- "$0" && exec "$@"', spec.working_dir, *command]
    return code.unpacking(spec, rendering, command)


def _processes(spec: TrainJobSpec) -> int | str | None:
    if spec.nproc_per_node in ("", "auto"):
        return None
    return int(spec.nproc_per_node) if spec.nproc_per_node.isdecimal() else spec.nproc_per_node


def _patches(spec: TrainJobSpec, rendering: Rendering, meta: dict[str, Any]) -> list[dict[str, Any]]:
    """The patches of the runtime's pods, in the form that the release expects."""
    resource, pod = rendering.resource, _pod(spec, rendering)
    about = {"labels": meta["pod_labels"], "annotations": meta["pod_annotations"]}
    if resource == PODS:
        return [{"targetJobs": [{"name": STEP}], **pod}]
    if resource == TEMPLATES:
        return [{"targetJobs": [{"name": STEP}], "metadata": about, "spec": pod}]
    job = {"name": STEP, "template": {"spec": {"template": {"metadata": about, "spec": pod}}}}
    queue = meta["annotations"].get(labels.VOLCANO_QUEUE)
    head = {"metadata": {"annotations": {labels.VOLCANO_QUEUE: queue}}} if queue else {}
    template = {**head, "spec": {"replicatedJobs": [job]}}
    return [{"manager": MANAGER, "trainingRuntimeSpec": {"template": template}}]


def _pod(spec: TrainJobSpec, rendering: Rendering) -> dict[str, Any]:
    shared = pod_values.shared(spec, rendering)
    mounts = [*(shared["mounts"] or ()), *code.part_mounts(rendering)]
    container = {"name": STEP, "volumeMounts": mounts, "securityContext": pod_values.security(spec)}
    found = {
        "serviceAccountName": spec.service_account,
        "nodeSelector": dict(spec.selector),
        "tolerations": shared["tolerations"],
        "imagePullSecrets": shared["pull_secrets"],
        "volumes": shared["volumes"],
        "containers": [{key: value for key, value in container.items() if value}],
    }
    return {key: value for key, value in found.items() if value}


SPECS = Specs(spec=TrainJobSpec, values=values)
