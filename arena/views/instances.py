"""Instances, the pods of a workload: their table on a page, and the keys of their JSON."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from arena.model.instances import Instance
from arena.views import gpus, times
from arena.views.noun import Noun
from arena.views.table import Column, ruled


def _data(one: Instance, now: datetime) -> dict[str, Any]:
    return {
        "ip": one.ip,
        "status": one.status,
        "name": one.name,
        "age": f"{int(one.age(now).total_seconds())}s",
        "node": one.node,
        "nodeIP": one.node_ip,
        "chief": one.chief,
        "requestGPUs": one.gpus,
        "gpuMetrics": gpus.data(one.gpu_metrics),
        "creationTimestamp": times.epoch(one.created),
        "role": one.role,
        "index": one.index,
        "reason": one.reason,
        "message": one.message,
        "restarts": sum(container.restarts for container in one.containers),
        "exitCode": one.exit_code,
    }


INSTANCES: Noun[Instance] = Noun(
    plural="instances",
    columns=(
        Column("NAME", lambda one, now: one.name),
        Column("STATUS", lambda one, now: one.status),
        Column("AGE", lambda one, now: times.span(one.age(now))),
        Column("IS_CHIEF", lambda one, now: str(one.chief).lower()),
        Column("GPU(Requested)", lambda one, now: one.gpus),
        Column("NODE", lambda one, now: one.node or "N/A"),
    ),
    data=_data,
)


def section(instances: Sequence[Instance], now: datetime) -> str:
    """The part of a page that shows instances."""
    return "Instances:\n" + ruled(INSTANCES.columns, instances, now)
