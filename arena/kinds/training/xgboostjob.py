"""XGBoostJob: distributed gradient boosting (XGBoost, LightGBM); the master is one of the workers."""

from typing import Any

from arena.kinds import forms
from arena.kinds.forms import choice
from arena.kinds.kind import Kind, switch
from arena.kinds.spec import option
from arena.kinds.training import environment, reading, render
from arena.kinds.training.base import TrainingSpec
from arena.resources import Resource

NAME = "xgboostjob"


class XGBoostJobSpec(TrainingSpec):
    """What an XGBoostJob is asked to be; `workers` counts the master."""

    cpu: str = option("", "CPUs of each instance", forms.QUANTITY)
    memory: str = option("", "Memory of each instance", forms.QUANTITY)
    clean_task_policy: str = option(
        "Running", "Instances to remove at the end of the job", choice("Running", "None", "All")
    )


def values(spec: XGBoostJobSpec, resource: Resource) -> dict[str, Any]:
    """The values of the template; raises as `render.shared`."""
    size = render.Size(pods=spec.workers, gpus=spec.workers * spec.gpus)
    return {
        **render.shared(spec, NAME, resource, size),
        "clean_pods": spec.clean_task_policy,
        "image": render.image(spec),
        "selector": dict(spec.selector) or None,
        "env": environment.env(spec, hide_gpus=not spec.gpus),
        "resources": render.resources(spec, spec.gpus, {"cpu": spec.cpu, "memory": spec.memory}),
        "worker": "Worker" if spec.workers > 1 else None,
        "worker_replicas": spec.workers - 1,
    }


KIND = Kind(
    name=NAME,
    aliases=("xgboost", "xgb"),
    summary="Distributed XGBoost and LightGBM",
    resources=(Resource("kubeflow.org", "v1", "xgboostjobs", kind="XGBoostJob"),),
    template="xgboostjob.yaml",
    spec=XGBoostJobSpec,
    values=values,
    read=reading.read(NAME, "xgbReplicaSpecs"),
    pods=reading.selector("xgboostjob-controller"),
    job_of=reading.job_of("xgboostjob-controller"),
    suspend=switch("spec", "runPolicy", "suspend"),
    examples=('arena submit xgboostjob --name trees --workers 3 --image IMAGE "python train.py"',),
)
