"""The machines of a cluster."""

from decimal import Decimal

from arena.model.gpus import Gpu
from arena.values import frozen


@frozen
class Node:
    """A machine of the cluster, its capacity, and what is allocated of it."""

    name: str
    address: str = ""
    role: str = "<none>"
    status: str = "Ready"
    virtual_gpus: bool = False
    """Whether the GPUs are virtual, as on a local cluster whose machine has none."""
    gpus: int = 0
    gpus_healthy: int = 0
    gpus_allocated: int | None = 0
    """None, as all amounts that are allocated, if the pods could not be read."""
    cpu: Decimal = Decimal(0)
    cpu_allocated: Decimal | None = Decimal(0)
    memory: Decimal = Decimal(0)
    """The capacity in bytes."""
    memory_allocated: Decimal | None = Decimal(0)
    gpu_metrics: tuple[Gpu, ...] = ()
    """What each of its GPUs does, if that was read; one with several pods is there several times."""
