"""The prepackaged servers of Seldon Core, and the engines of this machine that stand for them."""

import json
from collections.abc import Mapping

from arena.local.objects import Object
from arena.tuples import NamedTuple

SELDON, TENSORFLOW, V2 = "seldon", "tensorflow", "v2"
PROTOCOLS: Mapping[str, str] = {SELDON: SELDON, TENSORFLOW: TENSORFLOW, V2: V2, "kfserving": V2}
"""The protocols by all their names."""
PATHS = {
    SELDON: "/api/v1.0/predictions",
    TENSORFLOW: "/v1/models/{node}:predict",
    V2: "/v2/models/{node}/infer",
}
PROBES = {SELDON: "/health/status", V2: "/v2/health/ready"}
"""The paths that tell whether a prepackaged server is ready."""
MODEL_DIR = "/mnt/models"


class Server(NamedTuple):
    """A prepackaged server.

    Attributes:
        protocols: those that it has.
        engines: protocol -> the engine that serves it here; {} for none.
        form: the format of its models, as the engines call it.
    """

    protocols: tuple[str, ...]
    engines: Mapping[str, str] = {}
    form: str = ""
    needs_model: bool = True


_ALL = (SELDON, TENSORFLOW, V2, "kfserving")
SERVERS: Mapping[str, Server] = {
    "SKLEARN_SERVER": Server((SELDON, V2, "kfserving"), {SELDON: "seldon", V2: "kserve"}, "sklearn"),
    "XGBOOST_SERVER": Server((SELDON, V2, "kfserving"), {V2: "kserve"}, "xgboost"),
    "TENSORFLOW_SERVER": Server((SELDON, TENSORFLOW), {TENSORFLOW: "tensorflow"}, "tensorflow"),
    "MLFLOW_SERVER": Server((SELDON, V2, "kfserving"), {V2: "mlserver"}, "mlflow"),
    "TRITON_SERVER": Server((V2, "kfserving"), {V2: "triton"}),
    "HUGGINGFACE_SERVER": Server((V2, "kfserving")),
    "TEMPO_SERVER": Server((V2, "kfserving")),
    "SIMPLE_MODEL": Server(_ALL, needs_model=False),
    "SIMPLE_ROUTER": Server(_ALL, needs_model=False),
    "RANDOM_ABTEST": Server(_ALL, needs_model=False),
    "AVERAGE_COMBINER": Server(_ALL, needs_model=False),
}


def words(engine: str, server: Server, node: Object) -> list[str]:
    """The arguments of the engine that serves a node of a graph."""
    if engine == "seldon":
        return ["SKLearnServer", "--service-type=MODEL", f"--parameters={json.dumps(parameters(node))}"]
    if engine == "triton":
        return [
            f"--model-repository={MODEL_DIR}",
            "--http-address=127.0.0.1",
            "--http-port=$(PORT)",
            "--allow-grpc=false",
            "--allow-metrics=false",
        ]
    flags = {"http_port": "$(PORT)", "model_name": node["name"], "model_dir": MODEL_DIR}
    form = {} if engine == "tensorflow" else {"model_format": server.form}
    return [f"--{name}={value}" for name, value in {**flags, **form}.items()]


def parameters(node: Object) -> list[Object]:
    """The parameters of a node, with where its model is."""
    given = [one for one in node.get("parameters") or [] if one["name"] != "model_uri"]
    place = [{"name": "model_uri", "value": MODEL_DIR, "type": "STRING"}] if node.get("modelUri") else []
    return [*given, *place]
