"""MPIJob: its Spec, and the values of its template."""

from dataclasses import replace
from typing import Any

from arena import accelerators, labels
from arena.errors import MissingOperator
from arena.kinds.kind import Specs
from arena.kinds.spec import option
from arena.kinds.training.mpijob import NAME, OLD, V1, V2
from arena.kinds.training.specs.base import render, workers
from arena.kinds.training.specs.base.workers import WorkerSpec, clean_policy
from arena.kinds.workload import environment, images, pod_values, volumes
from arena.kinds.workload.rendering import Rendering


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


SPECS = Specs(spec=MPIJobSpec, values=values)
