"""What the kinds that run Triton share."""

from typing import Any

from arena.kinds import option_types as types
from arena.kinds.serving.specs.base import engines, render
from arena.kinds.serving.specs.base.engines import PORT, EngineSpec
from arena.kinds.serving.specs.base.spec import GRPC, HTTP, METRICS
from arena.kinds.spec import option
from arena.kinds.workload.rendering import Rendering

RELEASE = "nvcr.io/nvidia/tritonserver:26.07"
"""The newest release whose three images are attested: `-py3`, `-vllm-python-py3` and `-trtllm-python-py3`.

Of 26.09 (Triton 2.73.0, as tritonclient of PyPI), public manifests name `-py3` alone.
"""


class TritonOptions(EngineSpec):
    """The options of every serving that runs Triton."""

    loads = ("s3", "gs")

    share_memory: str = option(
        "1Gi", "Size of /dev/shm", types.QUANTITY, after="device"
    )  # its Python models need more than the 64 MiB of a container
    http_port: int = option(8000, "Port for HTTP", PORT)
    grpc_port: int = option(8001, "Port for gRPC", PORT)
    metrics_port: int = option(8002, "Port with metrics", PORT)
    allow_metrics: bool = option(True, "Offer metrics")

    @property
    def ports(self) -> dict[str, int]:
        """As for every serving."""
        metrics = self.metrics_port if self.allow_metrics else 0
        return {HTTP: self.http_port, GRPC: self.grpc_port, METRICS: metrics}


def pod(
    spec: TritonOptions, rendering: Rendering, repository: str, more: list[str] | None = None
) -> dict[str, Any]:
    """Values of a pod that runs Triton.

    Args:
        repository: the folder or the bucket with the models.
        more: further arguments.
    """
    host = render.host(rendering)
    arguments = [
        f"--model-repository={repository}",
        f"--http-address={host}",
        "--http-port=$(HTTP_PORT)",
        f"--grpc-address={host}",
        "--grpc-port=$(GRPC_PORT)",
    ]
    if spec.allow_metrics:
        arguments += [f"--metrics-address={host}", "--metrics-port=$(METRICS_PORT)"]
    else:
        arguments.append("--allow-metrics=false")
    return engines.pod(spec, rendering, ["tritonserver"], arguments + (more or []))
