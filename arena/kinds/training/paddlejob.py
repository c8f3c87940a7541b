"""PaddleJob: distributed PaddlePaddle, either workers alone or workers with parameter servers."""

from dataclasses import replace
from typing import Any

from arena.kinds import forms
from arena.kinds.kind import Kind, switch
from arena.kinds.spec import option
from arena.kinds.training import environment, reading, render
from arena.kinds.training.peers import CleanedSpec
from arena.resources import Resource

NAME = "paddlejob"


class PaddleJobSpec(CleanedSpec):
    """What a PaddleJob is asked to be; parameter servers come on top of the workers."""

    ps: int = option(0, "Number of parameter servers (0: the workers exchange gradients themselves)")
    cpu: str = option("", "CPUs of each worker and parameter server", forms.QUANTITY)
    memory: str = option("", "Memory of each worker and parameter server", forms.QUANTITY)


def values(spec: PaddleJobSpec, resource: Resource) -> dict[str, Any]:
    """The values of the template; raises as `render.shared`."""
    size = render.Size(pods=spec.ps + spec.workers, gpus=spec.workers * spec.gpus)
    amounts = {"cpu": spec.cpu, "memory": spec.memory}
    # GPUs and other devices are for those who compute.
    server = replace(spec, device={})
    return {
        **render.shared(spec, NAME, resource, size),
        "clean_pods": spec.clean_task_policy,
        "image": render.image(spec),
        "selector": dict(spec.selector) or None,
        "master": "Master" if spec.ps else None,
        "master_replicas": spec.ps,
        "master_env": environment.env(server, hide_gpus=True),
        "master_resources": render.resources(server, 0, amounts),
        "worker_replicas": spec.workers,
        "worker_env": environment.env(spec, hide_gpus=not spec.gpus),
        "worker_resources": render.resources(spec, spec.gpus, amounts),
    }


KIND = Kind(
    name=NAME,
    aliases=("paddle", "paddlepaddle"),
    summary="Distributed PaddlePaddle",
    resources=(Resource("kubeflow.org", "v1", "paddlejobs", kind="PaddleJob"),),
    template="paddlejob.yaml",
    spec=PaddleJobSpec,
    values=values,
    read=reading.read(NAME, "paddleReplicaSpecs"),
    pods=reading.selector("paddlejob-controller"),
    job_of=reading.job_of("paddlejob-controller"),
    suspend=switch("spec", "runPolicy", "suspend"),
    examples=(
        "arena submit paddlejob --name ernie --workers 2 --gpus 8 --image IMAGE "
        '"python -m paddle.distributed.launch train.py"',
    ),
)
