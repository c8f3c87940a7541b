"""PyTorchJob: its Spec, and the values of its template."""

from typing import Any

from arena.errors import SpecError
from arena.kinds import option_types as types
from arena.kinds.kind import Specs
from arena.kinds.spec import option
from arena.kinds.training.base import training_operator
from arena.kinds.training.pytorchjob import NAME
from arena.kinds.training.specs.base import workers
from arena.kinds.training.specs.base.workers import TrainingOperatorSpec
from arena.kinds.workload import environment
from arena.kinds.workload.rendering import Rendering

OWN_STORE = "TORCH_DISABLE_SHARE_RDZV_TCP_STORE"
"""If all rounds share a store, torchrun (seen with 2.13) gives a worker that joins later no master."""


class PyTorchJobSpec(TrainingOperatorSpec):
    """The options of a PyTorchJob; `workers` includes the master."""

    nproc_per_node: str = option("", "Processes of each worker, for torchrun", types.PROCESSES)
    min_workers: int = option(0, "Minimum number of workers of an elastic job (0: one)")
    max_workers: int = option(0, "Maximum number of workers of an elastic job (0: not elastic)")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.max_workers:
            return
        low = self.min_workers or 1
        if not low <= self.workers <= self.max_workers:
            bounds = f"--min-workers {low} and --max-workers {self.max_workers}"
            raise SpecError(
                f"--workers {self.workers} is not between {bounds}", "start with a number between them"
            )

    def unused(self) -> dict[str, str]:
        """The unused options of every job; a minimum has no effect without a maximum."""
        lone = self.min_workers and not self.max_workers
        return super().unused() | ({"min_workers": "--max-workers"} if lone else {})

    @property
    def elastic(self) -> dict[str, Any] | None:
        """The policy by which workers come and go."""
        if not self.max_workers:
            return None
        return {"minReplicas": self.min_workers or 1, "maxReplicas": self.max_workers, "rdzvBackend": "c10d"}


def values(spec: PyTorchJobSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of the template; raises as `render.shared` and `training_operator.check`."""
    training_operator.check_release(rendering.resource)
    # Elastic workers need a permanent one for the rendezvous, which is the first of them.
    master = 0 if spec.elastic else 1
    return {
        **workers.values(spec, NAME, rendering),
        "processes": spec.nproc_per_node or None,
        "env": _env(spec),
        "elastic": spec.elastic,
        "master": "Master" if master else None,
        "worker": "Worker" if spec.workers > master else None,
        "worker_replicas": spec.workers - master,
    }


def _env(spec: PyTorchJobSpec) -> list[dict[str, Any]]:
    found = environment.env(spec, hide_gpus=not spec.gpus)
    if spec.elastic and not any(one["name"] == OWN_STORE for one in found):
        found += environment.variables({OWN_STORE: "1"})
    return found


SPECS = Specs(spec=PyTorchJobSpec, values=values)
