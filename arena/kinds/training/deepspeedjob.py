"""DeepSpeed job: a TrainingJob whose launcher runs `deepspeed`, which starts the program on every worker."""

from typing import Any

from arena.kinds.training import trainingjob
from arena.kinds.training.trainingjob import TrainingJobSpec
from arena.resources import Resource

NAME = trainingjob.DEEPSPEEDJOB


class DeepSpeedJobSpec(TrainingJobSpec):
    """What a DeepSpeed job is asked to be; its workers stay as many as they are."""


def values(spec: DeepSpeedJobSpec, resource: Resource) -> dict[str, Any]:
    """The values of the template; raises as `trainingjob.launch`."""
    return trainingjob.launch(spec, NAME, resource, {"NCCL_ASYNC_ERROR_HANDLING": "1"})


KIND = trainingjob.carried(
    name=NAME,
    aliases=("dp", "deepspeed"),
    summary="DeepSpeed programs, started by deepspeed",
    spec=DeepSpeedJobSpec,
    values=values,
    read=trainingjob.reader(NAME),
    owns=lambda obj: trainingjob.carries(obj) == NAME,
    examples=(
        'arena submit deepspeedjob --name llm --workers 2 --gpus 8 --image IMAGE "deepspeed train.py"',
    ),
)
