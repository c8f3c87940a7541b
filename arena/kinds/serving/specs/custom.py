"""The Spec of custom servings, and the values of their template."""

from typing import Any

from arena.errors import SpecError
from arena.kinds import option_types as types
from arena.kinds.kind import Specs
from arena.kinds.serving.custom import NAME, TYPE
from arena.kinds.serving.specs.base import render
from arena.kinds.serving.specs.base.spec import ServingPodSpec
from arena.kinds.spec import option
from arena.kinds.workload.rendering import Rendering


class CustomServingSpec(ServingPodSpec):
    """The options of a custom serving."""

    port: int = option(0, "Port for gRPC (0: none)", types.PORT)
    restful_port: int = option(0, "Port for HTTP (0: none)", types.PORT, old=("--restfulPort",))
    metrics_port: int = option(0, "Port with metrics (0: none)", types.PORT)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.port or self.restful_port):
            raise SpecError(
                "a serving needs a port to answer on", "add --restful-port PORT (HTTP) or --port PORT (gRPC)"
            )


def values(spec: CustomServingSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of the template; raises SpecError if there is no image, or a label is arena's own."""
    ports = {
        "http-serving": spec.restful_port,
        "grpc-serving": spec.port,
        "http-metrics": spec.metrics_port,
    }
    return {**render.named(spec, NAME, TYPE), **render.pod(spec, rendering), **render.ports(ports)}


SPECS = Specs(spec=CustomServingSpec, values=values)
