"""DeepSpeed job: its Spec, and the values of its template."""

from typing import Any

from arena.kinds.kind import Specs
from arena.kinds.training.deepspeedjob import NAME
from arena.kinds.training.specs.base import et_operator
from arena.kinds.training.specs.base.et_operator import TrainingJobSpec
from arena.kinds.workload.rendering import Rendering


class DeepSpeedJobSpec(TrainingJobSpec):
    """The options of a DeepSpeed job; the number of its workers is fixed."""


def values(spec: DeepSpeedJobSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of the template; raises as `et_operator.launch`."""
    return et_operator.launch(spec, NAME, rendering, {"NCCL_ASYNC_ERROR_HANDLING": "1"})


SPECS = Specs(spec=DeepSpeedJobSpec, values=values)
