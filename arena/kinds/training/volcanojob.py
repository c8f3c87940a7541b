"""Job of Volcano: tasks, one for each image, whose pods are scheduled together."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from arena import labels
from arena.errors import SpecError
from arena.kinds import option_types as types
from arena.kinds import validators
from arena.kinds.kind import Kind, Modification, Object, Pod, PodConventions
from arena.kinds.option_types import OptionType
from arena.kinds.spec import option
from arena.kinds.training import FAMILY
from arena.kinds.training.base import reading, render, volcano_tasks
from arena.kinds.training.base.spec import (
    VOLCANO,
    GangOptions,
    RetryOptions,
    TimeToLiveOptions,
    TrainingSpec,
    WorkerContainerOptions,
)
from arena.kinds.workload import pod_values
from arena.kinds.workload.pod_spec import PodSpec
from arena.kinds.workload.rendering import Rendering
from arena.model.jobs import Job, Phase
from arena.resources import Resource
from arena.units import when

NAME = "volcanojob"
CONVENTIONS = PodConventions(
    role_labels=(labels.VOLCANO_TASK,),
    index_labels=(labels.VOLCANO_INDEX,),
    chief_roles=("launcher", "master", "chief", "driver", "head"),
)
COMMANDS = Resource("bus.volcano.sh", "v1alpha1", "commands", kind="Command")

EXAMPLES = ("ubuntu", "nginx", "busybox")
"""The images of a job without an image and a command."""
_PHASES = {
    "Failed": Phase.FAILED,
    "Terminated": Phase.FAILED,
    "Completed": Phase.SUCCEEDED,
    "Aborted": Phase.SUSPENDED,
    "Running": Phase.RUNNING,
    "Restarting": Phase.RESTARTING,
    "Completing": Phase.RUNNING,
    "Aborting": Phase.RUNNING,
    "Terminating": Phase.RUNNING,
}


def _images(value: object) -> tuple[str, ...]:
    """Images, given one by one or separated by commas; an image may occur twice."""
    found = [word.strip() for one in types.as_list(value) for word in validators.text(one).split(",")]
    return tuple(validators.image(word) for word in found if word)


IMAGES = OptionType(_images, "IMAGE,...", multiple=True)


def _task(value: object) -> str:
    word = validators.text(value)
    if not re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", word):
        raise SpecError(
            f"{validators.shown(word)} cannot name a task",
            "use a-z, 0-9 and -, with a letter or digit at both ends",
        )
    return word


class VolcanoJobSpec(
    TrainingSpec, GangOptions, WorkerContainerOptions, RetryOptions, TimeToLiveOptions, PodSpec
):
    """The options of a Job of Volcano; all its tasks run the same command, or those of their images."""

    command: str = option("", "Command line of every task  [default: that of its image]", types.COMMAND)
    task_images: tuple[str, ...] = option(
        (), "Images, one for each task  [default: --image]", IMAGES, old=("--taskImages",), safe=True
    )
    task_name: str = option(
        "task", "Prefix of task names", OptionType(_task, "NAME"), old=("--taskName",), safe=True
    )
    workers: int = option(
        1,
        "Number of pods of each task",
        types.POSITIVE,
        flags=("--task-replicas", "--workers"),
        old=("--taskReplicas",),
    )
    gpus: int = option(0, "GPUs of each pod")
    task_cpu: str = option("250m", "CPUs of each pod", types.QUANTITY, old=("--taskCPU",))
    task_memory: str = option("128Mi", "Memory of each pod", types.QUANTITY, old=("--taskMemory",))
    share_memory: str = option("", "Size of /dev/shm  [default: the node's]", types.QUANTITY)
    task_port: int = option(2222, "Port of each pod (0: none)", types.PORT, old=("--taskPort",))
    min_available: int = option(
        1, "Number of pods to place before any of them starts", types.POSITIVE, old=("--minAvailable",)
    )
    volcano_queue: str = option(
        "default",
        "Volcano queue for the job",
        types.OBJECT,
        flags=("--queue", "--queue-name"),
        safe=True,
    )
    scheduler: str = option(
        VOLCANO,
        "Scheduler of the pods",
        types.OBJECT,
        flags=("--scheduler-name", "--scheduler"),
        old=("--schedulerName",),
        safe=True,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.min_available > self.pods:
            raise SpecError(
                f"--min-available {self.min_available} exceeds the {self.pods} pods of all tasks",
                "lower it, or raise --task-replicas",
            )

    def _suffixes(self) -> tuple[str, ...]:
        """The suffixes of every workload and of the last pod, whose name contains that of its task."""
        return (*super()._suffixes(), f"-{self.task_name}-{len(self.images) - 1}-{self.workers - 1}")

    def _check_command(self) -> None:
        """Allow a missing command, because the images may have one."""

    @property
    def queued_by(self) -> str:
        """Volcano, whatever scheduler places its pods."""
        return VOLCANO

    @property
    def effective_queue(self) -> str:
        """The queue of every job, except the default one, which Volcano creates itself."""
        return self.volcano_queue if self.volcano_queue != "default" else ""

    @property
    def images(self) -> tuple[str, ...]:
        """The image of each task."""
        if self.task_images or self.image:
            return self.task_images or (self.image,)
        return EXAMPLES if not self.command.strip() else ("",)

    @property
    def any_image(self) -> str:
        """The image of the workload or of a task."""
        return self.image or self.images[0]

    @property
    def pods(self) -> int:
        """The total number of pods of all tasks."""
        return len(self.images) * self.workers


def values(spec: VolcanoJobSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of the template; raises as `render.metadata`."""
    size = render.Size(pods=spec.pods, gpus=spec.pods * spec.gpus)
    found = {**render.metadata(spec, NAME, size), **pod_values.pod(spec, rendering)}
    keys = ("labels", "annotations", "scheduler", "priority")
    return {
        **{key: found[key] for key in keys},
        "api_version": rendering.resource.api_version,
        "name": spec.name,
        "ttl": spec.ttl_after_finished or None,
        "queue": spec.volcano_queue or None,
        "min_available": spec.pods if spec.gang else spec.min_available,
        # The restart that reaches the limit ends the job.
        "max_retry": spec.retry + 1 if spec.retry else None,
        # By default, a job is complete if enough pods succeed, whatever the others do.
        "failed": "RestartJob" if spec.retry else "TerminateJob",
        "tasks": [volcano_tasks.task(spec, rendering, found, number) for number in range(len(spec.images))],
    }


def read(obj: Object, members: Sequence[Pod]) -> Job:
    """Read the job with the pods of its tasks."""
    status = obj.get("status") or {}
    state = status.get("state") or {}
    said = (_PHASES.get(state.get("phase") or ""), str(state.get("message") or state.get("reason") or ""))
    tasks = (obj.get("spec") or {}).get("tasks") or ()
    conventions = CONVENTIONS.of_roles(str(one.get("name")) for one in tasks)
    found = reading.job(NAME, obj, members, tasks, conventions, said)
    ran = [one for one in status.get("conditions") or () if one.get("status") == "Running"]
    return replace(
        found,
        started=when(ran[0].get("lastTransitionTime")) if ran else None,
        finished=when(state.get("lastTransitionTime")) if found.phase.is_final else None,
    )


def pods_of(obj: Object) -> Mapping[str, str]:
    """The label of the job's pods."""
    return {labels.VOLCANO_JOB_NAME: obj["metadata"]["name"]}


def job_of(pod: Object) -> str:
    """The job that a pod belongs to, or ""."""
    own = pod["metadata"].get("labels") or {}
    return own.get(labels.VOLCANO_JOB_NAME) or ""


def suspend(obj: Object, on: bool) -> Modification:
    """Suspend and resume with a Command object, since a Job of Volcano has no field for that."""
    meta = obj["metadata"]
    action = "AbortJob" if on else "ResumeJob"
    target = {
        "apiVersion": KIND.resources[0].api_version,
        "kind": "Job",
        "name": meta["name"],
        "uid": meta.get("uid", ""),
        "controller": True,
    }
    request = {
        "apiVersion": COMMANDS.api_version,
        "kind": COMMANDS.kind,
        "metadata": {"generateName": f"{meta['name']}-{action.lower()}-"},
        "action": action,
        "target": target,
    }
    return Modification(resource=COMMANDS, request=request)


def scale(obj: Object, workers: int) -> Modification:
    """Change the number of pods of every task except a master's, and lower minAvailable if fewer remain.

    A list in a patch replaces the old one, so all tasks are sent whole.
    """
    spec = obj.get("spec") or {}
    tasks = [_scaled(one, workers) for one in spec.get("tasks") or ()]
    total = sum(one.get("replicas", 1) for one in tasks)
    least = min(spec.get("minAvailable", total), total)
    return Modification(patch={"spec": {"tasks": tasks, "minAvailable": least}})


def _scaled(task: Mapping[str, Any], workers: int) -> dict[str, Any]:
    if task.get("name") in CONVENTIONS.chief_roles:
        return dict(task)
    least = {"minAvailable": min(task["minAvailable"], workers)} if "minAvailable" in task else {}
    return {**task, "replicas": workers, **least}


KIND = Kind(
    name=NAME,
    family=FAMILY,
    aliases=("volcano", "vj"),
    summary="Tasks of several images, scheduled together by Volcano",
    resources=(Resource("batch.volcano.sh", "v1alpha1", "jobs", kind="Job"),),
    template="volcanojob.yaml",
    spec=VolcanoJobSpec,
    values=values,
    read=read,
    pods=pods_of,
    job_of=job_of,
    conventions=CONVENTIONS,
    selectors=(labels.VOLCANO_JOB_NAME,),
    kueue=lambda resource: False,
    suspend=suspend,
    scale=scale,
    examples=(
        'arena submit volcanojob --name mix --task-replicas 4 --gang --image IMAGE "python run.py"',
        "arena submit volcanojob --name several --task-images IMAGE,OTHER --queue team-a",
    ),
)
