"""Nodes and what is allocated on them."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from arena import units
from arena.model.nodes import Node
from arena.views import gpus
from arena.views.noun import Noun
from arena.views.table import Column, pairs, ruled

UNKNOWN = "N/A"
"""Stands for what is allocated if the pods could not be read."""


def _allocated(node: Node) -> str:
    taken = UNKNOWN if node.gpus_allocated is None else str(node.gpus_allocated)
    return f"{taken} (virtual)" if node.virtual_gpus and node.gpus else taken


def _totals(nodes: Sequence[Node], width: int) -> str:
    there = sum(node.gpus for node in nodes)
    unhealthy = there - sum(node.gpus_healthy for node in nodes)
    text = f"{'-' * width}\nAllocated/Total GPUs In Cluster:\n{_taken(nodes, there)}"
    return text + (f"\nUnhealthy/Total GPUs In Cluster:\n{unhealthy}/{there}" if unhealthy else "")


def _taken(nodes: Sequence[Node], there: int) -> str:
    """`3/8 (37%)`: the GPUs that pods take, of all."""
    known = [node.gpus_allocated for node in nodes if node.gpus_allocated is not None]
    if len(known) < len(nodes):
        return f"{UNKNOWN}/{there}"
    return f"{sum(known)}/{there} ({100 * sum(known) // there if there else 0}%)"


def page(node: Node, pods: Sequence[tuple[str, str, int]], now: datetime) -> str:
    """Everything about one node.

    Args:
        pods: namespace, name and GPUs of each pod that holds GPUs there.
    """
    head = pairs([(column.title.capitalize(), column.value(node, now)) for column in NODES.columns])
    columns: tuple[Column[tuple[str, str, int]], ...] = (
        Column("NAMESPACE", lambda pod, now: pod[0]),
        Column("NAME", lambda pod, now: pod[1]),
        Column("GPU(Requested)", lambda pod, now: pod[2]),
    )
    return head + ("\n\nInstances:\n" + ruled(columns, pods, now) if pods else "")


def data(node: Node, now: datetime) -> dict[str, Any]:
    """The node as plain data, with CPUs in cores and memory in bytes."""
    return {
        "name": node.name,
        "ip": node.address,
        "role": node.role,
        "status": node.status,
        "totalGPUs": node.gpus,
        "allocatedGPUs": node.gpus_allocated,
        "unhealthyGPUs": node.gpus - node.gpus_healthy,
        "virtualGPUs": node.virtual_gpus,
        "totalCPUs": float(node.cpu),
        "allocatedCPUs": None if node.cpu_allocated is None else float(node.cpu_allocated),
        "totalMemory": int(node.memory),
        "allocatedMemory": None if node.memory_allocated is None else int(node.memory_allocated),
        "gpuMetrics": gpus.of_node(node),
    }


def _cores(amount: Decimal | None) -> str:
    return UNKNOWN if amount is None else f"{amount.normalize():f}"


def _bytes(amount: Decimal | None) -> str:
    return UNKNOWN if amount is None else units.gib(amount)


NODES: Noun[Node] = Noun(
    plural="nodes",
    columns=(
        Column("NAME", lambda node, now: node.name),
        Column("IPADDRESS", lambda node, now: node.address or "N/A"),
        Column("ROLE", lambda node, now: node.role),
        Column("STATUS", lambda node, now: node.status),
        Column("GPU(Total)", lambda node, now: node.gpus),
        Column("GPU(Allocated)", lambda node, now: _allocated(node), short="GPU(Alloc)"),
        Column("CPU(Total)", lambda node, now: _cores(node.cpu), wide=True),
        Column("CPU(Allocated)", lambda node, now: _cores(node.cpu_allocated), wide=True),
        Column("MEMORY(Total)", lambda node, now: _bytes(node.memory), wide=True),
        Column("MEMORY(Allocated)", lambda node, now: _bytes(node.memory_allocated), wide=True),
        Column(
            "GPU(Utilization)", lambda node, now: gpus.busy(node.gpu_metrics), short="GPU(Util)", wide=True
        ),
    ),
    data=data,
    footer=_totals,
)
