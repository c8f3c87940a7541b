"""PaddleJob: distributed PaddlePaddle, either workers alone or workers with parameter servers."""

from dataclasses import replace
from typing import Any

from arena import labels
from arena.kinds import option_types as types
from arena.kinds.kind import Kind, switch
from arena.kinds.spec import option
from arena.kinds.training import FAMILY
from arena.kinds.training.base import reading, render, training_operator
from arena.kinds.training.base.training_operator import TRAINING_OPERATOR
from arena.kinds.training.base.workers import TrainingOperatorSpec
from arena.kinds.workload import environment, images, pod_values
from arena.kinds.workload.rendering import Rendering
from arena.resources import Resource

NAME = "paddlejob"
CONVENTIONS = TRAINING_OPERATOR._replace(main_containers=("paddle",))


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


KIND = Kind(
    name=NAME,
    family=FAMILY,
    aliases=("paddle", "paddlepaddle"),
    summary="Distributed PaddlePaddle",
    resources=(Resource("kubeflow.org", "v1", "paddlejobs", kind="PaddleJob"),),
    template="paddlejob.yaml",
    spec=PaddleJobSpec,
    values=values,
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
    examples=(
        "arena submit paddlejob --name ernie --workers 2 --gpus 8 --image IMAGE "
        '"python -m paddle.distributed.launch train.py"',
    ),
)
