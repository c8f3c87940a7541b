"""XGBoostJob: distributed gradient boosting (XGBoost, LightGBM); the master is one of the workers."""

from typing import Any

from arena.kinds.kind import Kind, switch
from arena.kinds.training import peers, reading
from arena.kinds.training.peers import CleanedSpec
from arena.resources import Resource

NAME = "xgboostjob"


class XGBoostJobSpec(CleanedSpec):
    """What an XGBoostJob is asked to be; `workers` counts the master."""


def values(spec: XGBoostJobSpec, resource: Resource) -> dict[str, Any]:
    """The values of the template; raises as `render.shared`."""
    return {
        **peers.operated(spec, NAME, resource),
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
