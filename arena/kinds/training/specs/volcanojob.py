"""Job of Volcano: its Spec, and the values of its template."""

import re
from typing import Any

from arena.errors import SpecError
from arena.kinds import option_types as types
from arena.kinds import validators
from arena.kinds.kind import Specs
from arena.kinds.option_types import OptionType
from arena.kinds.spec import option
from arena.kinds.training.base.queues import VOLCANO
from arena.kinds.training.specs.base import render, volcano_tasks
from arena.kinds.training.specs.base.spec import (
    GangOptions,
    RetryOptions,
    TimeToLiveOptions,
    TrainingSpec,
    WorkerContainerOptions,
)
from arena.kinds.training.volcanojob import NAME
from arena.kinds.workload import pod_values
from arena.kinds.workload.pod_spec import PodSpec
from arena.kinds.workload.rendering import Rendering

EXAMPLES = ("ubuntu", "nginx", "busybox")
"""The images of a job without an image and a command."""


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


SPECS = Specs(spec=VolcanoJobSpec, values=values)
