"""The gateway through which a serving is reached from outside of the cluster."""

from collections.abc import Callable, Sequence

from arena import labels
from arena.kinds.serving import FAMILY
from arena.kinds.serving.specs.base.spec import HTTP, ServingSpec
from arena.kinds.workload.dependents import Dependent
from arena.kinds.workload.rendering import Rendering


def of(type: str) -> Callable[[ServingSpec, Rendering], Sequence[Dependent]]:
    """What options of a serving of a type ask for: a gateway of Istio and its route, if it answers HTTP."""

    def beside(spec: ServingSpec, rendering: Rendering) -> Sequence[Dependent]:
        port = spec.ports.get(HTTP)
        if not (spec.expose_service and spec.enable_istio and port):
            return ()
        values = {
            "name": spec.release,
            "labels": {
                **labels.common(spec.name, type, FAMILY.component, spec.release),
                labels.SERVING_NAME: spec.name,
                labels.SERVING_VERSION: spec.version,
            },
            "port": port,
        }
        return (Dependent(template="istio-gateway.yaml", values=values),)

    return beside
