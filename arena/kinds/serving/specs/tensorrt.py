"""The Spec of TensorRT plans served by Triton, and the values of their template."""

from typing import Any

from arena.kinds.kind import Specs
from arena.kinds.serving.specs.base import engines, exposure, render, tritonserver
from arena.kinds.serving.specs.base.engines import PORT
from arena.kinds.serving.specs.base.tritonserver import RELEASE, TritonOptions
from arena.kinds.serving.tensorrt import NAME, PROTOCOL, SUFFIX, TYPE
from arena.kinds.spec import option
from arena.kinds.workload.rendering import Rendering


class TensorRTServingSpec(TritonOptions):
    """The options of a serving of TensorRT plans."""

    model_store: str = option("", "Folder or bucket with the models")
    metrics_port: int = option(
        8002, "Port with metrics", PORT, flags=("--metrics-port", "--metric-port"), after="grpc_port"
    )

    @property
    def default_image(self) -> str:
        """As for every workload."""
        return f"{RELEASE}-py3"

    def warnings(self) -> list[str]:
        """As for every workload; a plan runs on GPUs of one kind only."""
        has_gpu = self.gpus or self.devices
        needed = ["TensorRT plans need a GPU, and none is requested; add --gpus 1"]
        return super().warnings() + ([] if has_gpu else needed)


def values(spec: TensorRTServingSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of the template; raises SpecError if no model is named, or a label is arena's own."""
    store = engines.model(spec, {"--model-store": spec.model_store})
    return {
        **render.named(spec, NAME, TYPE, suffix=SUFFIX, protocol=PROTOCOL),
        **tritonserver.pod(spec, rendering, store),
    }


SPECS = Specs(spec=TensorRTServingSpec, values=values, beside=exposure.of(TYPE))
