"""The Spec of servings by TensorFlow Serving, and the values of their template."""

import json
import re
from typing import Any

from arena.errors import SpecError
from arena.kinds.kind import Specs
from arena.kinds.option_types import OptionType
from arena.kinds.serving.specs.base import engines, exposure, render
from arena.kinds.serving.specs.base.engines import PORT, EngineSpec
from arena.kinds.serving.specs.base.spec import GRPC, HTTP
from arena.kinds.serving.tensorflow import NAME, PROTOCOL, SUFFIX, TYPE
from arena.kinds.spec import option
from arena.kinds.validators import shown, text
from arena.kinds.workload.rendering import Rendering

Values = dict[str, Any]

RELEASE = "tensorflow/serving:2.19.1"
"""The newest release whose images are attested for CPUs and, with `-gpu`, for GPUs.

https://github.com/tensorflow/serving/pull/4121; newer images (issue 4129 there) are known for CPUs alone.
"""
PROGRAM = "tensorflow_model_server"
SETTINGS = "/etc/tensorflow-serving"
"""Where the settings are mounted."""
METRICS_PATH = "/monitoring/prometheus/metrics"
MONITORING = f'prometheus_config {{ enable: true, path: "{METRICS_PATH}" }}\n'
UNNAMED = "default"
"""What TensorFlow Serving calls a model without a name."""
SHARE = (
    'exec "$0" "$@" --per_process_gpu_memory_fraction="$(awk \'BEGIN { printf "%.2f", '
    'ENVIRON["ALIYUN_COM_GPU_MEM_CONTAINER"] / ENVIRON["ALIYUN_COM_GPU_MEM_DEV"] }\')"'
)
"""The script that limits the engine to its share of a GPU's memory, which the node tells."""


def _policy(value: object) -> str:
    word = text(value)
    if word and not re.fullmatch(r"latest|latest:[1-9][0-9]*|all|specific:[0-9]+(,[0-9]+)*", word):
        raise SpecError(f"{shown(word)} is not a policy", "write latest, latest:N, specific:N or all")
    return word


POLICY = OptionType(_policy, "latest|latest:N|specific:N|all")


class TensorFlowServingSpec(EngineSpec):
    """The options of a serving by TensorFlow Serving."""

    loads = ("gs",)

    port: int = option(8500, "Port for gRPC", PORT)
    restful_port: int = option(8501, "Port for HTTP", PORT, old=("--restfulPort",))
    model_path: str = option("", "Folder with the versions of the model", old=("--modelPath",))
    model_config_file: str = option("", "File that describes several models", old=("--modelConfigFile",))
    monitoring_config_file: str = option("", "File that describes the metrics")
    version_policy: str = option("", "Which versions of the model to load", POLICY, old=("--versionPolicy",))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.version_policy and self.model_config_file:
            raise SpecError(
                "--version-policy and --model-config-file are mutually exclusive", "put it into the file"
            )

    @property
    def default_image(self) -> str:
        """As for every workload."""
        return f"{RELEASE}-gpu" if self.gpus or self.gpumemory else RELEASE

    @property
    def ports(self) -> dict[str, int]:
        """As for every serving."""
        return {HTTP: self.restful_port, GRPC: self.port}


def values(spec: TensorFlowServingSpec, rendering: Rendering) -> Values:
    """The values of the template; raises SpecError if no model is named, or a label is arena's own."""
    place = engines.model(
        spec, {"--model-path": spec.model_path, "--model-config-file": spec.model_config_file}
    )
    models = _models(spec, place) if spec.version_policy else None
    arguments = ["--port=$(GRPC_PORT)", "--rest_api_port=$(HTTP_PORT)", *_model(spec, place)]
    monitoring = spec.monitoring_config_file or f"{SETTINGS}/monitoring.config"
    arguments.append(f"--monitoring_config_file={monitoring}")
    program = ["sh", "-c", SHARE, PROGRAM] if spec.gpumemory else [PROGRAM]
    named = render.named(spec, NAME, TYPE, suffix=SUFFIX, protocol=PROTOCOL)
    pod = engines.pod(spec, rendering, program, arguments)
    return {**named, **_with_settings(spec, pod), **_probe(spec), "models": models, "monitoring": MONITORING}


def _model(spec: TensorFlowServingSpec, place: str) -> list[str]:
    if spec.model_config_file:
        return [f"--model_config_file={place}"]
    if spec.version_policy:
        return [f"--model_config_file={SETTINGS}/models.config"]
    name = [f"--model_name={spec.model_name}"] if spec.model_name else []
    return [*name, f"--model_base_path={place}"]


def _models(spec: TensorFlowServingSpec, place: str) -> str:
    """The model with the policy for its versions, as the text of a protocol buffer."""
    name, _, numbers = spec.version_policy.partition(":")
    policy = {
        "latest": f"latest {{ num_versions: {numbers or 1} }}",
        "specific": " ".join(["specific {", *(f"versions: {one}" for one in numbers.split(",")), "}"]),
        "all": "all { }",
    }[name]
    fields = (
        f"name: {_quoted(spec.model_name or UNNAMED)} base_path: {_quoted(place)} "
        f'model_platform: "tensorflow" model_version_policy {{ {policy} }}'
    )
    return f"model_config_list {{ config {{ {fields} }} }}\n"


def _quoted(word: str) -> str:
    return json.dumps(word, ensure_ascii=False)


def _with_settings(spec: TensorFlowServingSpec, pod: Values) -> Values:
    """The pod with its settings, and with metrics on the port for HTTP."""
    name = f"{spec.release}-{SUFFIX}"
    volume = {"name": "settings", "configMap": {"name": name}}
    mount = {"name": "settings", "mountPath": SETTINGS, "readOnly": True}
    notes = render.scraped(spec.restful_port, METRICS_PATH) if not spec.monitoring_config_file else {}
    return {
        **pod,
        "settings": name,
        "volumes": [*(pod["volumes"] or ()), volume],
        "mounts": [*(pod["mounts"] or ()), mount],
        "pod_annotations": {**notes, **(pod["pod_annotations"] or {})} or None,
    }


def _probe(spec: TensorFlowServingSpec) -> Values:
    """What tells whether the models are loaded: their status, or the port if a file names them."""
    if spec.model_config_file or spec.command:
        return {"http_probe": None, "tcp_probe": {"port": HTTP}}
    return {
        "http_probe": {"path": f"/v1/models/{spec.model_name or UNNAMED}", "port": HTTP},
        "tcp_probe": None,
    }


SPECS = Specs(spec=TensorFlowServingSpec, values=values, beside=exposure.of(TYPE))
