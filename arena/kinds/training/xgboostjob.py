"""XGBoostJob: distributed gradient boosting (XGBoost, LightGBM); the master is one of the workers."""

from arena.kinds.kind import Kind, switch
from arena.kinds.training import FAMILY
from arena.kinds.training.base import reading, training_operator
from arena.kinds.training.base.training_operator import TRAINING_OPERATOR
from arena.resources import Resource

NAME = "xgboostjob"
CONVENTIONS = TRAINING_OPERATOR._replace(main_containers=("xgboost",))

KIND = Kind(
    name=NAME,
    family=FAMILY,
    aliases=("xgboost", "xgb"),
    summary="Distributed XGBoost and LightGBM",
    resources=(Resource("kubeflow.org", "v1", "xgboostjobs", kind="XGBoostJob"),),
    template="xgboostjob.yaml",
    specs="arena.kinds.training.specs.xgboostjob",
    read=reading.read(NAME, "xgbReplicaSpecs", CONVENTIONS),
    pods=training_operator.selector("xgboostjob-controller"),
    event_writer=training_operator.master,
    job_of=training_operator.job_of("xgboostjob-controller"),
    conventions=CONVENTIONS,
    suspend=switch("spec", "runPolicy", "suspend"),
    halt=training_operator.HALT,
    examples=('arena submit xgboostjob --name trees --workers 3 --image IMAGE "python train.py"',),
)
