"""The serving runtimes that the local cluster provides: each serves by an engine of this machine.

Where KServe brings the same, they have its names. They listen on loopback, since the machine has other users.
"""

from collections.abc import Sequence

from arena.local.objects import Object
from arena.local.operators.kserve.kinds import CLUSTER_RUNTIMES, CONTAINER, ENGINE

_MODEL_SERVER = ("--http_port=$(PORT)", "--model_name={{.Name}}", "--model_dir=/mnt/models")
_TRITON = (
    "--model-repository=/mnt/models",
    "--http-address=127.0.0.1",
    "--http-port=$(PORT)",
    "--allow-grpc=false",
    "--allow-metrics=false",
)
_VLLM = ("serve", "/mnt/models", "--served-model-name={{.Name}}", "--host=127.0.0.1", "--port=$(PORT)")


def _runtime(
    name: str,
    engine: str,
    formats: Sequence[str],
    protocols: Sequence[str],
    args: Sequence[str] = (),
    automatic: bool = True,
) -> Object:
    """A runtime.

    Args:
        args: of the engine; KServe's server by default.
        automatic: whether a model that names no runtime may get this one.
    """
    container = {
        "name": CONTAINER,
        "image": f"{engine}:local",
        "command": [ENGINE, engine],
        "args": list(args or (*_MODEL_SERVER, f"--model_format={formats[0]}")),
        "ports": [{"containerPort": 8080, "protocol": "TCP"}],
    }
    return {
        "apiVersion": CLUSTER_RUNTIMES.api_version,
        "kind": CLUSTER_RUNTIMES.kind,
        "metadata": {"name": name},
        "spec": {
            "supportedModelFormats": [{"name": one, "autoSelect": automatic} for one in formats],
            "protocolVersions": list(protocols),
            "containers": [container],
        },
    }


RUNTIMES = (
    _runtime("kserve-sklearnserver", "kserve", ["sklearn"], ["v1", "v2"]),
    _runtime("kserve-xgbserver", "kserve", ["xgboost"], ["v1", "v2"]),
    _runtime("kserve-lgbserver", "kserve", ["lightgbm"], ["v1", "v2"]),
    _runtime("kserve-onnxserver", "kserve", ["onnx"], ["v1", "v2"]),
    _runtime("kserve-mlserver", "mlserver", ["sklearn"], ["v2"], automatic=False),
    _runtime("kserve-tensorflow-serving", "tensorflow", ["tensorflow"], ["v1", "v2"]),
    _runtime("kserve-tritonserver", "triton", ["triton"], ["v2"], _TRITON),
    _runtime("kserve-vllmserver", "vllm", ["vLLM", "huggingface"], ["v1", "v2"], _VLLM),
)
