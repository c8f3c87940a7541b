"""JAXJob: its Spec, and the values of its template."""

from typing import Any

from arena.kinds.kind import Specs
from arena.kinds.training.jaxjob import NAME
from arena.kinds.training.specs.base import workers
from arena.kinds.training.specs.base.workers import TrainingOperatorSpec
from arena.kinds.workload.rendering import Rendering


class JAXJobSpec(TrainingOperatorSpec):
    """The options of a JAXJob."""


def values(spec: JAXJobSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of the template; raises as `render.shared`."""
    return {**workers.values(spec, NAME, rendering), "workers": spec.workers}


SPECS = Specs(spec=JAXJobSpec, values=values)
