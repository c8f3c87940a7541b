"""The Spec of servings by TorchServe, and the values of their template."""

from typing import Any

from arena.kinds import option_types as types
from arena.kinds.kind import Specs
from arena.kinds.option_types import list_type
from arena.kinds.serving.specs.base import engines, exposure, render
from arena.kinds.serving.specs.base.engines import PORT, EngineSpec
from arena.kinds.serving.specs.base.spec import GRPC, HTTP, METRICS
from arena.kinds.serving.torchserve import NAME, PROTOCOL, TYPE
from arena.kinds.spec import option
from arena.kinds.validators import text
from arena.kinds.workload import environment
from arena.kinds.workload.rendering import Rendering

Values = dict[str, Any]

RELEASE = "pytorch/torchserve:0.12.0"
"""The last release (September 2024), as `-cpu` and `-gpu`."""
SETTINGS = "/etc/torchserve"
"""Where the settings are mounted."""
PROPERTIES = """\
# The ports come from variables, so that several instances can share a machine.
enable_envvars_config=true
metrics_mode=prometheus
disable_token_authorization=true
"""
MANAGEMENT, GRPC_MANAGEMENT = "management", "grpc-management"
"""Ports that only the instance itself can reach."""


class TorchServeServingSpec(EngineSpec):
    """The options of a serving by TorchServe."""

    share_memory: str = option("1Gi", "Size of /dev/shm", types.QUANTITY, after="device")
    http_port: int = option(8080, "Port for HTTP", PORT)
    grpc_port: int = option(7070, "Port for gRPC", PORT)
    metrics_port: int = option(8082, "Port with metrics", PORT)
    models: tuple[str, ...] = option(
        (), "Archive to load, as FILE.mar or NAME=FILE.mar; without it, all of them",
        list_type(text, "FILE"),
    )  # fmt: skip

    @property
    def default_image(self) -> str:
        """As for every workload."""
        return f"{RELEASE}-gpu" if self.gpus or self.gpumemory else f"{RELEASE}-cpu"

    @property
    def ports(self) -> dict[str, int]:
        """As for every serving."""
        return {HTTP: self.http_port, GRPC: self.grpc_port, METRICS: self.metrics_port}


def values(spec: TorchServeServingSpec, rendering: Rendering) -> Values:
    """The values of the template; raises SpecError if no model is named, or a label is arena's own."""
    store = engines.model(spec, {})
    arguments = ["--start", "--foreground", "--ncs", f"--model-store={store}"]
    arguments += ["--models", *(spec.models or ("all",)), f"--ts-config={SETTINGS}/config.properties"]
    pod = engines.pod(spec, rendering, ["torchserve"], arguments)
    return {**render.named(spec, NAME, TYPE, protocol=PROTOCOL), **_with_settings(spec, rendering, pod)}


def _with_settings(spec: TorchServeServingSpec, rendering: Rendering, pod: Values) -> Values:
    name = f"{spec.release}-{TYPE}"
    volume = {"name": "settings", "configMap": {"name": name}}
    mount = {"name": "settings", "mountPath": SETTINGS, "readOnly": True}
    own = {MANAGEMENT: 8081, GRPC_MANAGEMENT: 7071}
    return {
        **pod,
        "settings": name,
        "properties": PROPERTIES,
        "volumes": [*(pod["volumes"] or ()), volume],
        "mounts": [*(pod["mounts"] or ()), mount],
        "ports": [*pod["ports"], *({"name": key, "containerPort": port} for key, port in own.items())],
        "env": [*pod["env"], *_addresses(rendering, own)],
    }


def _addresses(rendering: Rendering, own: dict[str, int]) -> list[Values]:
    host = render.host(rendering)
    return environment.variables(
        {
            **{render.variable(name): str(port) for name, port in own.items()},
            "TS_INFERENCE_ADDRESS": f"http://{host}:$(HTTP_PORT)",
            "TS_MANAGEMENT_ADDRESS": "http://127.0.0.1:$(MANAGEMENT_PORT)",
            "TS_METRICS_ADDRESS": f"http://{host}:$(METRICS_PORT)",
            "TS_GRPC_INFERENCE_ADDRESS": host,
            "TS_GRPC_INFERENCE_PORT": "$(GRPC_PORT)",
            "TS_GRPC_MANAGEMENT_PORT": "$(GRPC_MANAGEMENT_PORT)",
        }
    )


SPECS = Specs(spec=TorchServeServingSpec, values=values, beside=exposure.of(TYPE))
