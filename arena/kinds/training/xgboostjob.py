"""XGBoostJob: distributed gradient boosting (XGBoost, LightGBM); the master is one of the workers."""

from typing import Any

from arena.kinds.kind import Kind, switch
from arena.kinds.training import FAMILY
from arena.kinds.training.base import reading, training_operator, workers
from arena.kinds.training.base.training_operator import TRAINING_OPERATOR
from arena.kinds.training.base.workers import TrainingOperatorSpec
from arena.kinds.workload.rendering import Rendering
from arena.resources import Resource

NAME = "xgboostjob"
CONVENTIONS = TRAINING_OPERATOR._replace(main_containers=("xgboost",))


class XGBoostJobSpec(TrainingOperatorSpec):
    """The options of an XGBoostJob; `workers` includes the master."""


def values(spec: XGBoostJobSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of the template; raises as `render.shared`."""
    return {
        **workers.values(spec, NAME, rendering),
        "worker": "Worker" if spec.workers > 1 else None,
        "worker_replicas": spec.workers - 1,
    }


KIND = Kind(
    name=NAME,
    family=FAMILY,
    aliases=("xgboost", "xgb"),
    summary="Distributed XGBoost and LightGBM",
    resources=(Resource("kubeflow.org", "v1", "xgboostjobs", kind="XGBoostJob"),),
    template="xgboostjob.yaml",
    spec=XGBoostJobSpec,
    values=values,
    read=reading.read(NAME, "xgbReplicaSpecs", CONVENTIONS),
    pods=training_operator.selector("xgboostjob-controller"),
    event_writer=training_operator.master,
    job_of=training_operator.job_of("xgboostjob-controller"),
    conventions=CONVENTIONS,
    suspend=switch("spec", "runPolicy", "suspend"),
    examples=('arena submit xgboostjob --name trees --workers 3 --image IMAGE "python train.py"',),
)
