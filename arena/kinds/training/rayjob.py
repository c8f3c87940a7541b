"""RayJob: a Ray cluster made for one program, which a submitter starts on its head."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from arena import labels
from arena.errors import SpecError
from arena.kinds import forms
from arena.kinds.forms import choice
from arena.kinds.kind import Kind, Member, Object, Pod, switch
from arena.kinds.spec import changed, option
from arena.kinds.training import environment, raypods, reading, render
from arena.kinds.training.base import KUEUE, VOLCANO, TrainingSpec
from arena.model import Job, Phase
from arena.resources import Resource
from arena.units import when

NAME = "rayjob"
_PLAIN = re.compile(r"[-\w./:=,@%+ ]+")
"""Command lines that mean the same to every shell on their way."""
_PHASES = {
    "Failed": Phase.FAILED,
    "ValidationFailed": Phase.FAILED,
    "Suspended": Phase.SUSPENDED,
    "Suspending": Phase.SUSPENDED,
    "Running": Phase.RUNNING,
    "Retrying": Phase.RESTARTING,
}
_OWN_FAILURE = ("", "AppFailed")
"""Reasons of a failure that is the program's own, so that its exit code tells more."""


class RayJobSpec(TrainingSpec):
    """What a RayJob is asked to be: a head, and workers beside it."""

    suffix: ClassVar[str] = "-xxxxx-headgroup"

    workers: int = option(
        1, "Number of workers beside the head", forms.WHOLE, flags=("--worker-replicas", "--workers")
    )
    gpus: int = option(0, "GPUs of each worker", flags=("--worker-gpu", "--gpus"))
    share_memory: str = option("", "Size of /dev/shm  [default: that of the memory]", forms.QUANTITY)
    working_dir: str = option(
        "/home/ray", "Directory the command starts in", forms.PATH, old=("--workingDir",)
    )
    running_timeout: int = option(
        0,
        "Fail the job when it runs longer (0: never)",
        forms.SECONDS,
        flags=("--running-timeout", "--active-deadline-seconds"),
    )
    ttl_after_finished: int = option(10, "Keep the cluster that long after the job's end", forms.SECONDS)
    shutdown_after_finished: bool = option(True, "Remove the cluster after the job's end")
    suspend: bool = option(False, "Submit the job suspended")

    ray_version: str = option("", "Version of Ray in the image")
    pre_stop_command: str = option("ray stop", "Command that runs before a head or worker is ended")
    head_image: str = option("", "Image of the head", forms.IMAGE)
    head_cpu: str = option("", "CPUs of the head", forms.QUANTITY)
    head_memory: str = option("", "Memory of the head", forms.QUANTITY)
    head_gpu: int = option(0, "GPUs of the head")
    head_service_type: str = option(
        "ClusterIP",
        "Type of the Service before the head",
        choice("ClusterIP", "NodePort", "LoadBalancer"),
    )
    worker_image: str = option("", "Image of the workers", forms.IMAGE)
    worker_cpu: str = option("", "CPUs of each worker", forms.QUANTITY)
    worker_memory: str = option("", "Memory of each worker", forms.QUANTITY)
    worker_num_of_hosts: int = option(1, "Pods that together are one worker", forms.POSITIVE)

    enable_autoscaling: bool = option(False, "Let Ray start and end workers by need")
    worker_min_replicas: int = option(0, "Workers at least (0: as many as there are first)")
    worker_max_replicas: int = option(0, "Workers at most (0: as many as there are first)")
    autoscaler_cpu: str = option("500m", "CPUs of the autoscaler", forms.QUANTITY)
    autoscaler_memory: str = option("512Mi", "Memory of the autoscaler", forms.QUANTITY)
    autoscaler_image: str = option("", "Image of the autoscaler", forms.IMAGE)
    autoscaler_image_pull_policy: str = option(
        "IfNotPresent", "When to pull that image", choice("Always", "IfNotPresent", "Never")
    )
    autoscaler_idle_timeout_seconds: int = option(60, "End a worker that is idle for so long", forms.SECONDS)
    autoscaler_upscaling_mode: str = option(
        "Default", "How fast workers are added", choice("Conservative", "Default", "Aggressive")
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_bounds()
        if self.shutdown_after_finished:
            return
        if self.suspend:
            raise SpecError("--suspend needs --shutdown-after-finished", "leave one of them away")
        if self.queue_name and self.queued_by == KUEUE:
            raise SpecError(
                f'--queue-name "{self.queue_name}" needs --shutdown-after-finished',
                "the queue suspends jobs, and Ray then removes their clusters",
            )

    def _check_bounds(self) -> None:
        if self.worker_min_replicas > self.workers:
            raise SpecError(
                f"--worker-min-replicas {self.worker_min_replicas} exceeds --worker-replicas {self.workers}",
                "start with as many workers as there shall be at least",
            )
        if self.worker_max_replicas and self.worker_max_replicas < self.workers:
            raise SpecError(
                f"--worker-max-replicas {self.worker_max_replicas} is below --worker-replicas {self.workers}",
                "raise the maximum, or start with fewer workers",
            )

    def idle(self) -> dict[str, str]:
        """As of every Spec; also what belongs to an autoscaler, or to a shutdown, that was not asked for."""
        found = super().idle()
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
        """As of every Spec; the images of head and workers do, too."""
        return self.image or self.head_image or self.worker_image or self.common_image

    @property
    def entrypoint(self) -> str:
        """The command line as KubeRay takes it: it passes through a shell on its way to the head's."""
        line = self.command.strip()
        if self.shell == "sh" and _PLAIN.fullmatch(line):
            return line
        return shlex.join([self.shell, "-c", line])


def values(spec: RayJobSpec, resource: Resource) -> dict[str, Any]:
    """The values of the template; raises as `render.shared`."""
    # The submitter starts when the cluster is there: a gang that had to hold it would never start.
    cluster = 1 + spec.workers * spec.worker_num_of_hosts
    gpus = spec.head_gpu + spec.workers * spec.worker_num_of_hosts * spec.gpus
    found = render.shared(spec, NAME, resource, render.Size(pods=cluster, gpus=gpus))
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
        **_head(spec),
        **_workers(spec),
        "autoscaling": spec.enable_autoscaling or None,
        "autoscaler": _autoscaler(spec) if spec.enable_autoscaling else None,
    }


def _volcano(spec: RayJobSpec) -> dict[str, str]:
    """What KubeRay looks for when Volcano schedules for it."""
    if spec.queued_by != VOLCANO:
        return {}
    gang = {labels.RAY_GANG: "true"} if spec.gang else {}
    return gang | ({labels.RAY_VOLCANO_QUEUE: spec.queue_name} if spec.queue_name else {})


def _lifecycle(spec: RayJobSpec) -> dict[str, Any] | None:
    if not spec.pre_stop_command:
        return None
    command = render.shell(replace(spec, shell="sh"), spec.pre_stop_command)
    return {"preStop": {"exec": {"command": command}}}


def _head(spec: RayJobSpec) -> dict[str, Any]:
    # Devices are for those who compute.
    holder = replace(spec, device={})
    amounts = {"cpu": spec.head_cpu, "memory": spec.head_memory}
    return {
        "head_service": spec.head_service_type,
        "head_image": render.image(spec, spec.head_image),
        "head_env": environment.env(spec, hide_gpus=not spec.head_gpu),
        "head_resources": render.resources(holder, spec.head_gpu, amounts),
    }


def _workers(spec: RayJobSpec) -> dict[str, Any]:
    amounts = {"cpu": spec.worker_cpu, "memory": spec.worker_memory}
    return {
        "worker_replicas": spec.workers,
        "worker_least": spec.worker_min_replicas or spec.workers,
        "worker_most": spec.worker_max_replicas or spec.workers,
        "worker_hosts": spec.worker_num_of_hosts,
        "worker_image": render.image(spec, spec.worker_image),
        "worker_env": environment.env(spec, hide_gpus=not spec.gpus),
        "worker_resources": render.resources(spec, spec.gpus, amounts),
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


def read(obj: Object, members: Sequence[Pod]) -> Job:
    """The job as the cluster describes it, with its head, its workers and its submitter."""
    meta, state = obj["metadata"], obj.get("status") or {}
    mine = [one for one in members if isinstance(one, Member) or raypods.job_of(one) == meta["name"]]
    found = reading.job(NAME, obj, raypods.placed(obj, mine), _roles(obj), raypods.PLACES, _said(state))
    if found.phase is Phase.FAILED and state.get("reason") not in _OWN_FAILURE:
        found = replace(found, reason=_why(state) or found.reason)
    return replace(found, finished=when(state.get("endTime")) if found.phase.is_final else None)


def _roles(obj: Object) -> list[Object]:
    cluster = (obj.get("spec") or {}).get("rayClusterSpec") or {}
    head = cluster.get("headGroupSpec") or {}
    groups = cluster.get("workerGroupSpecs") or ()
    workers = [{"template": one.get("template"), "replicas": _size(one)} for one in groups]
    return [{"template": head.get("template"), "replicas": 1}, *workers, {"replicas": 1}]


def _size(group: Object) -> int:
    """How many pods a group of workers has."""
    replicas, hosts = group.get("replicas"), group.get("numOfHosts")
    return (replicas if isinstance(replicas, int) else 0) * (hosts if isinstance(hosts, int) else 1)


def _said(state: Mapping[str, Any]) -> tuple[Phase | None, str]:
    word = state.get("jobDeploymentStatus") or ""
    if word == "Complete":
        done = state.get("jobStatus") == "SUCCEEDED"
        return Phase.SUCCEEDED if done else Phase.FAILED, "" if done else _why(state)
    return _PHASES.get(word), _why(state)


def _why(state: Mapping[str, Any]) -> str:
    return str(state.get("message") or state.get("reason") or "")


KIND = Kind(
    name=NAME,
    aliases=("ray", "rj"),
    summary="Ray programs on a cluster of their own",
    resources=(Resource("ray.io", "v1", "rayjobs", kind="RayJob"),),
    template="rayjob.yaml",
    spec=RayJobSpec,
    values=values,
    read=read,
    pods=raypods.pods_of,
    job_of=raypods.job_of,
    places=raypods.PLACES,
    selectors=(labels.RAY_CLUSTER, f"{labels.RAY_ORIGIN_KIND}=RayJob"),
    suspend=switch("spec", "suspend"),
    examples=(
        'arena submit rayjob --name tune --worker-replicas 4 --worker-gpu 1 --image IMAGE "python tune.py"',
    ),
)
