"""Kinds whose workers are all alike: what each of those is asked for, and what its pods are made of."""

from typing import Any

from arena.kinds import forms
from arena.kinds.forms import choice
from arena.kinds.spec import option
from arena.kinds.training import environment, render
from arena.kinds.training.base import TrainingSpec
from arena.resources import Resource


class WorkerSpec(TrainingSpec):
    """What a job with such workers is asked to be."""

    cpu: str = option("", "CPUs of each worker", forms.QUANTITY)
    memory: str = option("", "Memory of each worker", forms.QUANTITY)


class CleanedSpec(WorkerSpec):
    """As that, where the operator removes instances at the end of the job."""

    clean_task_policy: str = option(
        "Running", "Instances to remove at the end of the job", choice("Running", "None", "All")
    )


def operated(spec: CleanedSpec, kind: str, resource: Resource) -> dict[str, Any]:
    """The values of a job of the training operator, one pod a worker; raises as `render.shared`."""
    return {
        **render.shared(spec, kind, resource, size(spec)),
        "clean_pods": spec.clean_task_policy,
        **pod(spec),
    }


def size(spec: WorkerSpec) -> render.Size:
    """What all workers ask for."""
    return render.Size(pods=spec.workers, gpus=spec.workers * spec.gpus)


def pod(spec: WorkerSpec) -> dict[str, Any]:
    """The values of a worker's pod that are its own; raises as `render.image`."""
    return {
        "image": render.image(spec),
        "selector": dict(spec.selector) or None,
        "env": environment.env(spec, hide_gpus=not spec.gpus),
        "resources": render.resources(spec, spec.gpus, {"cpu": spec.cpu, "memory": spec.memory}),
    }
