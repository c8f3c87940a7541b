"""What GPUs do, GPU by GPU."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from arena import units
from arena.model.gpus import Gpu
from arena.model.instances import Instance
from arena.model.nodes import Node
from arena.views.table import Column, ruled

UNKNOWN = "N/A"


def data(gpus: Iterable[Gpu]) -> dict[str, Any]:
    """GPU -> what it does, under the Go arena's keys; memory in bytes, null for what nobody measured."""
    return {
        gpu.id: {
            "gpuDutyCycle": gpu.utilization,
            "usedGPUMemory": gpu.memory_used,
            "totalGPUMemory": gpu.memory_total,
            "uuid": gpu.uuid,
            "model": gpu.model,
        }
        for gpu in gpus
    }


def of_node(node: Node) -> dict[str, Any]:
    """As `data`, with the pods that use each GPU."""
    pods: dict[str, list[str]] = {}
    for gpu in node.gpu_metrics:
        pods.setdefault(gpu.id, []).extend([f"{gpu.namespace}/{gpu.pod}"] if gpu.pod else [])
    return {id: {**one, "podNames": pods[id]} for id, one in data(node.gpu_metrics).items()}


def busy(gpus: Sequence[Gpu]) -> str:
    """`97%,0%`: the utilization of each GPU, in their order."""
    shares = {gpu.id: _share(gpu) for gpu in gpus}
    return ",".join(shares.values()) or UNKNOWN


def of_instances(instances: Sequence[Instance], now: datetime) -> str:
    """The part of a job's page with each GPU of each instance; "" if none is known."""
    rows = [(one.name, gpu) for one in instances for gpu in one.gpu_metrics]
    return f"GPU Metrics:\n{ruled((Column('NAME', _owner), *_COLUMNS), rows, now)}" if rows else ""


def of_nodes(nodes: Sequence[Node], now: datetime) -> str:
    """Each GPU of each node with the pod that uses it; "" if none is known."""
    rows = [(node.name, gpu) for node in nodes for gpu in node.gpu_metrics]
    titles = (Column("NODE", _owner), *_COLUMNS, Column("POD", _pod))
    return f"GPU Metrics:\n{ruled(titles, rows, now)}" if rows else ""


_Row = tuple[str, Gpu]


def _owner(row: _Row, now: datetime) -> str:
    return row[0]


def _pod(row: _Row, now: datetime) -> str:
    return f"{row[1].namespace}/{row[1].pod}" if row[1].pod else "-"


def _share(gpu: Gpu) -> str:
    return UNKNOWN if gpu.utilization is None else f"{gpu.utilization:.0f}%"


def _memory(gpu: Gpu) -> str:
    amounts = (gpu.memory_used, gpu.memory_total)
    return " / ".join(UNKNOWN if one is None else units.gib(Decimal(one)) for one in amounts)


_COLUMNS: tuple[Column[_Row], ...] = (
    Column("GPU", lambda row, now: row[1].id),
    Column("UTILIZATION", lambda row, now: _share(row[1])),
    Column("MEMORY(Used/Total)", lambda row, now: _memory(row[1])),
    Column("MODEL", lambda row, now: row[1].model or "-"),
)
