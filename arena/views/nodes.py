"""Nodes, and what is taken of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from arena import units
from arena.inventory import Node
from arena.model import Job
from arena.views.jobs import INSTANCES, TOP, columns
from arena.views.table import Column, breadth, pairs, render, ruled


def _allocated(node: Node) -> str:
    return f"{node.gpus_allocated} (virtual)" if node.virtual_gpus and node.gpus else str(node.gpus_allocated)


NODES: tuple[Column[Node], ...] = (
    Column("NAME", lambda node, now: node.name),
    Column("IPADDRESS", lambda node, now: node.address or "N/A"),
    Column("ROLE", lambda node, now: node.role),
    Column("STATUS", lambda node, now: node.status),
    Column("GPU(Total)", lambda node, now: node.gpus),
    Column("GPU(Allocated)", lambda node, now: _allocated(node), short="GPU(Alloc)"),
    Column("CPU(Total)", lambda node, now: f"{node.cpu.normalize():f}", wide=True),
    Column("CPU(Allocated)", lambda node, now: f"{node.cpu_allocated.normalize():f}", wide=True),
    Column("MEMORY(Total)", lambda node, now: units.gib(node.memory), wide=True),
    Column("MEMORY(Allocated)", lambda node, now: units.gib(node.memory_allocated), wide=True),
)


def nodes(rows: Sequence[Node], now: datetime, *, wide: bool = False, within: int | None = None) -> str:
    """The table of nodes with the cluster's total below it; `within` as of `table.render`."""
    table = render(NODES, rows, now, wide=wide, within=within)
    return f"{table}\n{'-' * breadth(table)}\n{_total(rows)}"


def _total(rows: Sequence[Node]) -> str:
    taken, there = sum(node.gpus_allocated for node in rows), sum(node.gpus for node in rows)
    unhealthy = there - sum(node.gpus_healthy for node in rows)
    text = f"Allocated/Total GPUs In Cluster:\n{taken}/{there} ({100 * taken // there if there else 0}%)"
    return text + (f"\nUnhealthy/Total GPUs In Cluster:\n{unhealthy}/{there}" if unhealthy else "")


def detail(node: Node, jobs: Sequence[tuple[str, str, int]], now: datetime) -> str:
    """One node whole: its figures, then (namespace, pod, GPUs) of what runs there."""
    head = pairs([(column.title.capitalize(), column.value(node, now)) for column in NODES])
    pods: tuple[Column[tuple[str, str, int]], ...] = (
        Column("NAMESPACE", lambda row, now: row[0]),
        Column("NAME", lambda row, now: row[1]),
        Column("GPU(Requested)", lambda row, now: row[2]),
    )
    return head + ("\n\nInstances:\n" + ruled(pods, jobs, now) if jobs else "")


def data(node: Node) -> dict[str, Any]:
    """One node as plain data; cpu in cores, memory in bytes."""
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
        "allocatedCPUs": float(node.cpu_allocated),
        "totalMemory": int(node.memory),
        "allocatedMemory": int(node.memory_allocated),
    }


def top_jobs(rows: Sequence[Job], now: datetime, *, everywhere: bool, within: int | None = None) -> str:
    """Jobs by the GPUs they ask for, with the totals below; `within` as of `table.render`."""
    ordered = sorted(rows, key=lambda job: (-job.gpus, job.name))
    taken, asked = sum(job.gpus_allocated for job in rows), sum(job.gpus for job in rows)
    table = render(columns(TOP, everywhere=everywhere), ordered, now, within=within)
    return f"{table}\n\nTotal Allocated/Requested GPUs of Training Jobs: {taken}/{asked}"


def top_job(job: Job, now: datetime) -> str:
    """One job's GPUs, instance by instance."""
    head = pairs(
        [
            ("Name", job.name),
            ("Status", job.phase.value),
            ("Namespace", job.namespace),
            ("Trainer", job.kind.upper()),
            ("Duration", units.age(job.duration(now).total_seconds())),
        ]
    )
    return (
        f"{head}\n\nInstances:\n{ruled(INSTANCES, job.instances, now)}\n\nGPUs:\n"
        f"  Allocated/Requested GPUs of Job: {job.gpus_allocated}/{job.gpus}"
    )
