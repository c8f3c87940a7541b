"""DeepSpeed job: a TrainingJob whose launcher runs `deepspeed`, which starts the program on every worker."""

from typing import Any

from arena.kinds.kind import Object
from arena.kinds.training.base import et_operator, reading
from arena.kinds.training.base.et_operator import TrainingJobSpec
from arena.kinds.workload.rendering import Rendering

NAME = "deepspeedjob"


class DeepSpeedJobSpec(TrainingJobSpec):
    """The options of a DeepSpeed job; the number of its workers is fixed."""


def values(spec: DeepSpeedJobSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of the template; raises as `et_operator.launch`."""
    return et_operator.launch(spec, NAME, rendering, {"NCCL_ASYNC_ERROR_HANDLING": "1"})


def owns(obj: Object) -> bool:
    """Whether a TrainingJob was submitted as a DeepSpeed job, or its launcher runs deepspeed."""
    made = reading.made_as(obj, NAME, [et_operator.RESOURCE])
    return et_operator.runs_deepspeed(obj) if made is None else made


KIND = et_operator.carried(
    name=NAME,
    aliases=("dp", "deepspeed"),
    summary="DeepSpeed programs, started by deepspeed",
    spec=DeepSpeedJobSpec,
    values=values,
    read=et_operator.reader(NAME),
    owns=owns,
    servers=("worker",),
    examples=(
        'arena submit deepspeedjob --name llm --workers 2 --gpus 8 --image IMAGE "deepspeed train.py"',
    ),
)
