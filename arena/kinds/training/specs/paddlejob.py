"""PaddleJob: its Spec, and the values of its template."""

from dataclasses import replace
from typing import Any

from arena.kinds import option_types as types
from arena.kinds.kind import Specs
from arena.kinds.spec import option
from arena.kinds.training.paddlejob import NAME
from arena.kinds.training.specs.base import render
from arena.kinds.training.specs.base.workers import TrainingOperatorSpec
from arena.kinds.workload import environment, images, pod_values
from arena.kinds.workload.rendering import Rendering


class PaddleJobSpec(TrainingOperatorSpec):
    """The options of a PaddleJob; parameter servers are added to the workers."""

    ps: int = option(0, "Number of parameter servers (0: workers exchange gradients directly)")
    cpu: str = option("", "CPUs of each worker and parameter server", types.QUANTITY)
    memory: str = option("", "Memory of each worker and parameter server", types.QUANTITY)


def values(spec: PaddleJobSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of the template; raises as `render.shared`."""
    size = render.Size(pods=spec.ps + spec.workers, gpus=spec.workers * spec.gpus)
    amounts = {"cpu": spec.cpu, "memory": spec.memory}
    # Only workers compute, so only they get GPUs and other devices.
    server = replace(spec, device={})
    return {
        **render.shared(spec, NAME, rendering, size),
        "clean_pods": spec.clean_task_policy,
        "image": images.image(spec, rendering),
        "selector": dict(spec.selector) or None,
        "master": "Master" if spec.ps else None,
        "master_replicas": spec.ps,
        "master_env": environment.env(server, hide_gpus=True),
        "master_resources": pod_values.resources(server, 0, amounts),
        "worker_replicas": spec.workers,
        "worker_env": environment.env(spec, hide_gpus=not spec.gpus),
        "worker_resources": pod_values.resources(spec, spec.gpus, amounts),
    }


SPECS = Specs(spec=PaddleJobSpec, values=values)
