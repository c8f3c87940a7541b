"""PaddleJob: distributed PaddlePaddle, either workers alone or workers with parameter servers."""

from arena import labels
from arena.kinds.kind import Kind, switch
from arena.kinds.training import FAMILY
from arena.kinds.training.base import reading, training_operator
from arena.kinds.training.base.training_operator import TRAINING_OPERATOR
from arena.resources import Resource

NAME = "paddlejob"
CONVENTIONS = TRAINING_OPERATOR._replace(main_containers=("paddle",))

KIND = Kind(
    name=NAME,
    family=FAMILY,
    aliases=("paddle", "paddlepaddle"),
    summary="Distributed PaddlePaddle",
    resources=(Resource("kubeflow.org", "v1", "paddlejobs", kind="PaddleJob"),),
    template="paddlejob.yaml",
    specs="arena.kinds.training.specs.paddlejob",
    read=reading.read(NAME, "paddleReplicaSpecs", CONVENTIONS),
    pods=training_operator.selector("paddlejob-controller"),
    # Its masters are parameter servers; without them, no worker is called master.
    event_writer=lambda name: {
        labels.JOB_NAME: name,
        labels.REPLICA_TYPE: "worker",
        labels.REPLICA_INDEX: "0",
    },
    job_of=training_operator.job_of("paddlejob-controller"),
    conventions=CONVENTIONS,
    suspend=switch("spec", "runPolicy", "suspend"),
    halt=training_operator.HALT,
    examples=(
        "arena submit paddlejob --name ernie --workers 2 --gpus 8 --image IMAGE "
        '"python -m paddle.distributed.launch train.py"',
    ),
)
