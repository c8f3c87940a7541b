"""The Spec of servings by Triton, and the values of their template."""

from typing import Any

from arena.kinds.kind import Specs
from arena.kinds.option_types import choice, list_type
from arena.kinds.serving.specs.base import engines, exposure, render, tritonserver
from arena.kinds.serving.specs.base.tritonserver import RELEASE, TritonOptions
from arena.kinds.serving.triton import NAME, PROTOCOL, SUFFIX, TYPE
from arena.kinds.spec import option
from arena.kinds.validators import label
from arena.kinds.workload.rendering import Rendering

_IMAGES = {
    "": f"{RELEASE}-py3",
    "vllm": f"{RELEASE}-vllm-python-py3",
    "trt-llm": f"{RELEASE}-trtllm-python-py3",
}


class TritonServingSpec(TritonOptions):
    """The options of a serving by Triton."""

    backend: str = option("", "Backend for language models, for the image", choice("vllm", "trt-llm"))
    model_repository: str = option("", "Folder or bucket with the models")
    load_model: tuple[str, ...] = option(
        (), "Model to load; without it, all of them", list_type(label, "NAME")
    )

    @property
    def default_image(self) -> str:
        """As for every workload."""
        return _IMAGES[self.backend]


def values(spec: TritonServingSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of the template; raises SpecError if no model is named, or a label is arena's own."""
    repository = engines.model(spec, {"--model-repository": spec.model_repository})
    chosen = [f"--load-model={one}" for one in spec.load_model]
    more = ["--model-control-mode=explicit", *chosen] if chosen else []
    return {
        **render.named(spec, NAME, TYPE, suffix=SUFFIX, protocol=PROTOCOL),
        **tritonserver.pod(spec, rendering, repository, more),
    }


SPECS = Specs(spec=TritonServingSpec, values=values, beside=exposure.of(TYPE))
