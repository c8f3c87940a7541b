"""The Spec of servings by vLLM, and the values of their template."""

from typing import Any

from arena.kinds import option_types as types
from arena.kinds.kind import Specs
from arena.kinds.serving.specs.base import engines, exposure, render
from arena.kinds.serving.specs.base.engines import PORT, EngineSpec
from arena.kinds.serving.specs.base.spec import HTTP
from arena.kinds.serving.vllm import NAME, PROTOCOL, TYPE
from arena.kinds.spec import option
from arena.kinds.workload.rendering import Rendering

RELEASE = "vllm/vllm-openai:v0.32.0"


class VLLMServingSpec(EngineSpec):
    """The options of a serving by vLLM."""

    loads = ("hf",)

    share_memory: str = option("2Gi", "Size of /dev/shm", types.QUANTITY, after="device")
    port: int = option(8000, "Port for HTTP", PORT, flags=("--port", "--restful-port", "--http-port"))
    gpus: int = option(0, "GPUs of each instance, which divide the model between them")

    @property
    def default_image(self) -> str:
        """As for every workload."""
        return RELEASE

    @property
    def ports(self) -> dict[str, int]:
        """As for every serving."""
        return {HTTP: self.port}


def values(spec: VLLMServingSpec, rendering: Rendering) -> dict[str, Any]:
    """The values of the template; raises SpecError if no model is named, or a label is arena's own."""
    pod = engines.pod(spec, rendering, ["vllm", "serve"], arguments(spec, rendering))
    notes = {**render.scraped(spec.port, "/metrics"), **(pod["pod_annotations"] or {})}
    return {
        **render.named(spec, NAME, TYPE, protocol=PROTOCOL),
        **pod,
        "pod_annotations": notes,
    }


def arguments(spec: VLLMServingSpec, rendering: Rendering) -> list[str]:
    """The arguments of the engine."""
    found = [*_model(spec), f"--host={render.host(rendering)}", "--port=$(HTTP_PORT)"]
    if spec.model_name:
        found.append(f"--served-model-name={spec.model_name}")
    if spec.gpus > 1:
        found.append(f"--tensor-parallel-size={spec.gpus}")
    return found


def _model(spec: VLLMServingSpec) -> list[str]:
    """A folder, or a model of the hub, whose revision is an argument of its own."""
    place = engines.model(spec, {})
    if not place.startswith("hf://"):
        return [place] if place else []
    name, _, revision = place.removeprefix("hf://").partition(":")
    return [name, *([f"--revision={revision}"] if revision else [])]


SPECS = Specs(spec=VLLMServingSpec, values=values, beside=exposure.of(TYPE))
