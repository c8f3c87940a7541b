"""DeepSpeed job: a TrainingJob whose launcher runs `deepspeed`, which starts the program on every worker."""

from arena.kinds.kind import Object
from arena.kinds.training.base import et_operator, reading

NAME = "deepspeedjob"


def owns(obj: Object) -> bool:
    """Whether a TrainingJob was submitted as a DeepSpeed job, or its launcher runs deepspeed."""
    made = reading.made_as(obj, NAME, [et_operator.RESOURCE])
    return et_operator.runs_deepspeed(obj) if made is None else made


KIND = et_operator.carried(
    name=NAME,
    aliases=("dp", "deepspeed"),
    summary="DeepSpeed programs, started by deepspeed",
    specs="arena.kinds.training.specs.deepspeedjob",
    read=et_operator.reader(NAME),
    owns=owns,
    servers=("worker",),
    examples=(
        'arena submit deepspeedjob --name llm --workers 2 --gpus 8 --image IMAGE "deepspeed train.py"',
    ),
)
