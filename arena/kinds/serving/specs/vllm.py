"""The Spec of servings by vLLM, and the values of their template."""

import shlex
from typing import Any

from arena.kinds import option_types as types
from arena.kinds.kind import Kind, Specs
from arena.kinds.serving.base.groups import LEADER, WORKER
from arena.kinds.serving.specs.base import engines, exposure, groups, render, rollout
from arena.kinds.serving.specs.base.engines import PORT, EngineSpec
from arena.kinds.serving.specs.base.spec import HTTP
from arena.kinds.serving.vllm import NAME, PROTOCOL, TYPE
from arena.kinds.spec import option
from arena.kinds.workload.rendering import Rendering
from arena.values import replace

PROGRAM = ["vllm", "serve"]
RELEASE = "vllm/vllm-openai:v0.32.0"
"""The release that also runs on CPUs as an engine of this machine."""


class VLLMServingSpec(EngineSpec):
    """The options of a serving by vLLM."""

    loads = ("hf",)

    share_memory: str = option("2Gi", "Size of /dev/shm", types.QUANTITY, after="device")
    nodes: int = option(
        1, "Pods of each instance; several divide the model by layers, as LeaderWorkerSet", types.POSITIVE
    )
    port: int = option(8000, "Port for HTTP", PORT, flags=("--port", "--restful-port", "--http-port"))
    gpus: int = option(0, "GPUs of each instance, which divide the model between them")

    def _suffixes(self) -> tuple[str, ...]:
        """The pods of groups are named after it, and their names are host names."""
        [version] = super()._suffixes()
        return (version if self.nodes == 1 else f"{version}-{TYPE}-99-99",)

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
    pod = engines.pod(spec, rendering, PROGRAM, arguments(spec, rendering))
    notes = {**render.scraped(spec.port, "/metrics"), **(pod["pod_annotations"] or {})}
    made = {**render.named(spec, NAME, TYPE, protocol=PROTOCOL), **pod, "pod_annotations": notes}
    return made if spec.nodes == 1 else {**made, **_grouped(spec, rendering, made)}


def _grouped(spec: VLLMServingSpec, rendering: Rendering, made: dict[str, Any]) -> dict[str, Any]:
    """Values of a group: its leader starts the engine once all pods have joined Ray."""
    line = spec.command or shlex.join([*PROGRAM, *arguments(spec, rendering), *spec.more_arguments])
    return {
        **groups.values(spec, made, {LEADER: spec.gpus, WORKER: spec.gpus}, spec.nodes),
        "leader_command": groups.leading(spec, rendering, line),
        "worker_command": groups.following(spec, rendering, ""),
        "ports": [*made["ports"], {"name": "ray", "containerPort": groups.RAY_PORT}],
        "rollout": rollout.amounts(spec),
    }


def arguments(spec: VLLMServingSpec, rendering: Rendering) -> list[str]:
    """The arguments of the engine."""
    found = [*_model(spec), f"--host={render.host(rendering)}", "--port=$(HTTP_PORT)"]
    if spec.model_name:
        found.append(f"--served-model-name={spec.model_name}")
    if spec.nodes > 1:
        found += [f"--pipeline-parallel-size={spec.nodes}", "--distributed-executor-backend=ray"]
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


def _form(kind: Kind[VLLMServingSpec, Any], spec: VLLMServingSpec) -> Kind[VLLMServingSpec, Any]:
    """Several pods that serve together are a LeaderWorkerSet."""
    return kind if spec.nodes == 1 else replace(kind, resources=kind.also, template="vllm-nodes.yaml")


SPECS = Specs(spec=VLLMServingSpec, values=values, beside=exposure.of(TYPE), form=_form)
