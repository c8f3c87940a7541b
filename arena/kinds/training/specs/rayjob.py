"""RayJob: its Spec, and the values of its template."""

import re
import shlex
from dataclasses import replace
from typing import Any, ClassVar

from arena import labels
from arena.errors import SpecError
from arena.kinds import option_types as types
from arena.kinds.kind import Specs
from arena.kinds.option_types import choice
from arena.kinds.spec import changed, option
from arena.kinds.training.base.queues import KUEUE, VOLCANO
from arena.kinds.training.rayjob import NAME
from arena.kinds.training.specs.base import render
from arena.kinds.training.specs.base.spec import TrainingPodSpec
from arena.kinds.workload import environment, images, pod_values
from arena.kinds.workload.pod_spec import working_directory
from arena.kinds.workload.rendering import Rendering

_PLAIN = re.compile(r"[-\w./:=,@%+ ]+")
"""Command lines that every shell on their way reads in the same way."""


class RayJobSpec(TrainingPodSpec):
    """The options of a RayJob: a head, and workers beside it."""

    suffix: ClassVar[str] = "-xxxxx-headgroup"
    default_dir: ClassVar[str] = "/home/ray"

    workers: int = option(
        1, "Number of workers beside the head", types.INTEGER, flags=("--worker-replicas", "--workers")
    )
    gpus: int = option(0, "GPUs of each worker", flags=("--worker-gpu", "--gpus"))
    share_memory: str = option("", "Size of /dev/shm  [default: the memory's]", types.QUANTITY)
    working_dir: str = working_directory(default_dir)
    running_timeout: int = option(
        0,
        "Fail the job if it runs longer (0: no limit)",
        types.SECONDS,
        flags=("--running-timeout", "--active-deadline-seconds"),
    )
    ttl_after_finished: int = option(10, "Keep the cluster this long after the job's end", types.SECONDS)
    shutdown_after_finished: bool = option(True, "Remove the Ray cluster when the job ends", safe=True)
    suspend: bool = option(False, "Submit the job suspended", safe=True)

    ray_version: str = option("", "Version of Ray in the image", safe=True)
    pre_stop_command: str = option("ray stop", "Command to run before a head or worker stops")
    head_image: str = option("", "Image of the head", types.IMAGE)
    head_cpu: str = option("", "CPUs of the head", types.QUANTITY)
    head_memory: str = option("", "Memory of the head", types.QUANTITY)
    head_gpu: int = option(0, "GPUs of the head")
    head_service_type: str = option(
        "ClusterIP",
        "Type of the head's Service",
        choice("ClusterIP", "NodePort", "LoadBalancer"),
    )
    worker_image: str = option("", "Image of the workers", types.IMAGE)
    worker_cpu: str = option("", "CPUs of each worker", types.QUANTITY)
    worker_memory: str = option("", "Memory of each worker", types.QUANTITY)
    worker_num_of_hosts: int = option(1, "Number of pods that form one worker", types.POSITIVE)

    enable_autoscaling: bool = option(False, "Let Ray scale the workers with the load", safe=True)
    worker_min_replicas: int = option(0, "Minimum number of workers (0: the initial number)")
    worker_max_replicas: int = option(0, "Maximum number of workers (0: the initial number)")
    autoscaler_cpu: str = option("500m", "CPUs of the autoscaler", types.QUANTITY)
    autoscaler_memory: str = option("512Mi", "Memory of the autoscaler", types.QUANTITY)
    autoscaler_image: str = option("", "Image of the autoscaler", types.IMAGE)
    autoscaler_image_pull_policy: str = option(
        "IfNotPresent",
        "When to pull the autoscaler's image",
        choice("Always", "IfNotPresent", "Never"),
        safe=True,
    )
    autoscaler_idle_timeout_seconds: int = option(
        60, "Remove a worker that has been idle this long", types.SECONDS
    )
    autoscaler_upscaling_mode: str = option(
        "Default", "How fast to add workers", choice("Conservative", "Default", "Aggressive"), safe=True
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_bounds()
        if self.shutdown_after_finished:
            return
        if self.suspend:
            raise SpecError("--suspend needs --shutdown-after-finished", "omit one of them")
        if self.queue_name and self.queued_by == KUEUE:
            raise SpecError(
                f'--queue-name "{self.queue_name}" needs --shutdown-after-finished',
                "the queue suspends jobs, and Ray then removes their clusters",
            )

    def _check_bounds(self) -> None:
        if self.worker_min_replicas > self.workers:
            raise SpecError(
                f"--worker-min-replicas {self.worker_min_replicas} exceeds --worker-replicas {self.workers}",
                "start with at least the minimum number of workers",
            )
        if self.worker_max_replicas and self.worker_max_replicas < self.workers:
            raise SpecError(
                f"--worker-max-replicas {self.worker_max_replicas} is below --worker-replicas {self.workers}",
                "raise the maximum, or start with fewer workers",
            )

    def unused(self) -> dict[str, str]:
        """The unused options of every job, and those of an autoscaler or a shutdown that is not enabled."""
        found = super().unused()
        given = changed(self)
        if not self.enable_autoscaling:
            bounds = ("worker_min_replicas", "worker_max_replicas")
            mine = [one for one in given if one.startswith("autoscaler_") or one in bounds]
            found |= dict.fromkeys(mine, "--enable-autoscaling")
        if not self.shutdown_after_finished and "ttl_after_finished" in given:
            found["ttl_after_finished"] = "--shutdown-after-finished"
        return found

    @property
    def any_image(self) -> str:
        """The image of the workload, the head or the workers."""
        return self.image or self.head_image or self.worker_image

    @property
    def entrypoint(self) -> str:
        """The command line as KubeRay expects it: it passes through a shell before the one of the head."""
        line = self.command.strip()
        if self.shell == "sh" and _PLAIN.fullmatch(line):
            return line
        return shlex.join([self.shell, "-c", line])


def values(spec: RayJobSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of the template; raises as `render.shared`."""
    # The submitter starts when the cluster exists, so a gang that included it would never start.
    cluster = 1 + spec.workers * spec.worker_num_of_hosts
    gpus = spec.head_gpu + spec.workers * spec.worker_num_of_hosts * spec.gpus
    found = render.shared(spec, NAME, rendering, render.Size(pods=cluster, gpus=gpus))
    for one in ("scheduling", "restart_policy", "command"):
        del found[one]
    origin = {labels.RAY_ORIGIN: spec.name, labels.RAY_ORIGIN_KIND: "RayJob"}
    found["pod_labels"] |= origin
    found["labels"] |= _volcano(spec)
    return {
        **found,
        "submitter_labels": {**spec.label, **labels.common(spec.name, NAME), **origin},
        "entrypoint": environment.literal(spec.entrypoint),
        "shutdown": spec.shutdown_after_finished,
        "backoff_limit": spec.retry or None,
        "ttl": spec.ttl_after_finished if spec.shutdown_after_finished else None,
        "suspend": spec.suspend or None,
        "ray_version": spec.ray_version or None,
        "selector": dict(spec.selector) or None,
        "lifecycle": _lifecycle(spec),
        **_head(spec, rendering),
        **_workers(spec, rendering),
        "autoscaling": spec.enable_autoscaling or None,
        "autoscaler": _autoscaler(spec) if spec.enable_autoscaling else None,
    }


def _volcano(spec: RayJobSpec) -> dict[str, str]:
    """What KubeRay needs when Volcano schedules its pods."""
    if spec.queued_by != VOLCANO:
        return {}
    gang = {labels.RAY_GANG: "true"} if spec.gang else {}
    return gang | ({labels.RAY_VOLCANO_QUEUE: spec.queue_name} if spec.queue_name else {})


def _lifecycle(spec: RayJobSpec) -> dict[str, Any] | None:
    if not spec.pre_stop_command:
        return None
    command = pod_values.shell(replace(spec, shell="sh"), spec.pre_stop_command)
    return {"preStop": {"exec": {"command": command}}}


def _head(spec: RayJobSpec, rendering: Rendering) -> dict[str, Any]:
    # Only workers compute, so only they get devices.
    holder = replace(spec, device={})
    amounts = {"cpu": spec.head_cpu, "memory": spec.head_memory}
    return {
        "head_service": spec.head_service_type,
        "head_image": images.image(spec, rendering, spec.head_image),
        "head_env": environment.env(spec, hide_gpus=not spec.head_gpu),
        "head_resources": pod_values.resources(holder, spec.head_gpu, amounts),
    }


def _workers(spec: RayJobSpec, rendering: Rendering) -> dict[str, Any]:
    amounts = {"cpu": spec.worker_cpu, "memory": spec.worker_memory}
    return {
        "worker_replicas": spec.workers,
        "worker_least": spec.worker_min_replicas or spec.workers,
        "worker_most": spec.worker_max_replicas or spec.workers,
        "worker_hosts": spec.worker_num_of_hosts,
        "worker_image": images.image(spec, rendering, spec.worker_image),
        "worker_env": environment.env(spec, hide_gpus=not spec.gpus),
        "worker_resources": pod_values.resources(spec, spec.gpus, amounts),
    }


def _autoscaler(spec: RayJobSpec) -> dict[str, Any]:
    amounts = {"cpu": spec.autoscaler_cpu, "memory": spec.autoscaler_memory}
    own = {"image": spec.autoscaler_image} if spec.autoscaler_image else {}
    return {
        **own,
        "imagePullPolicy": spec.autoscaler_image_pull_policy,
        "idleTimeoutSeconds": spec.autoscaler_idle_timeout_seconds,
        "upscalingMode": spec.autoscaler_upscaling_mode,
        "resources": {"requests": amounts, "limits": amounts},
    }


SPECS = Specs(spec=RayJobSpec, values=values)
