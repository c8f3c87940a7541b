"""XGBoostJob: its Spec, and the values of its template."""

from typing import Any

from arena.kinds.kind import Specs
from arena.kinds.training.specs.base import workers
from arena.kinds.training.specs.base.workers import TrainingOperatorSpec
from arena.kinds.training.xgboostjob import NAME
from arena.kinds.workload.rendering import Rendering


class XGBoostJobSpec(TrainingOperatorSpec):
    """The options of an XGBoostJob; `workers` includes the master."""


def values(spec: XGBoostJobSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of the template; raises as `render.shared`."""
    return {
        **workers.values(spec, NAME, rendering),
        "worker": "Worker" if spec.workers > 1 else None,
        "worker_replicas": spec.workers - 1,
    }


SPECS = Specs(spec=XGBoostJobSpec, values=values)
