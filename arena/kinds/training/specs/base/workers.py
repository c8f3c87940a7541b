"""Kinds with identical workers: their options and the values of their templates."""

from typing import Any

from arena.kinds import option_types as types
from arena.kinds.option_types import choice
from arena.kinds.spec import option
from arena.kinds.training.specs.base import render
from arena.kinds.training.specs.base.spec import TrainingPodSpec, TrainingSpec
from arena.kinds.workload import pod_values
from arena.kinds.workload.rendering import Rendering


class WorkerOptions(TrainingSpec):
    """A job whose workers are all alike."""

    cpu: str = option("", "CPUs of each worker", types.QUANTITY)
    memory: str = option("", "Memory of each worker", types.QUANTITY)


class WorkerSpec(WorkerOptions, TrainingPodSpec):
    """The options of a job with identical workers."""


def clean_policy(default: str, told: str = "", old: tuple[str, ...] = ()) -> Any:
    """The option that chooses which instances the operator removes when the job ends.

    Args:
        default: `None` if all instances end by themselves, `Running` if some end only when told to.
        told: the description of a default that depends on other options.
        old: spellings of the Go arena.
    """
    about = "Instances to remove when the job ends" + (told and f"  [default: {told}]")
    return option(default, about, choice("Running", "None", "All"), old=old, safe=True)


class TrainingOperatorSpec(WorkerSpec):
    """A job of the training operator, whose instances all end by themselves."""

    clean_task_policy: str = clean_policy("None")


def values(spec: TrainingOperatorSpec, kind: str, rendering: Rendering) -> dict[str, Any]:
    """The values of a job of the training operator, one pod per worker; raises as `render.shared`."""
    return {
        **render.shared(spec, kind, rendering, size(spec)),
        "clean_pods": spec.clean_task_policy,
        **pod(spec, rendering),
    }


def size(spec: TrainingSpec) -> render.Size:
    """What all workers request together."""
    return render.Size(pods=spec.workers, gpus=spec.workers * spec.gpus)


def pod(spec: WorkerSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of a worker's pod; raises SpecError if there is no image."""
    return pod_values.replica(spec, rendering, {"cpu": spec.cpu, "memory": spec.memory})
