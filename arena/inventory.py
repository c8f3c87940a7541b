"""What a cluster has besides jobs: its nodes, its claims of storage, its users.

Frozen values, as those of `model.py`; they stand apart since most commands need none of them.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A machine of the cluster and what is taken of it."""

    name: str
    address: str = ""
    role: str = "<none>"
    status: str = "Ready"
    virtual_gpus: bool = False
    """GPUs in name only: the local cluster on a machine without any."""
    gpus: int = 0
    gpus_healthy: int = 0
    gpus_allocated: int = 0
    cpu: Decimal = Decimal(0)
    cpu_allocated: Decimal = Decimal(0)
    memory: Decimal = Decimal(0)
    """Bytes."""
    memory_allocated: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A claim of storage that jobs can mount."""

    name: str
    namespace: str
    status: str = "Pending"
    """`Bound` where there is a volume for it."""
    modes: tuple[str, ...] = ()
    """Who may mount it at once: `ReadWriteMany`, `ReadWriteOnce`."""
    size: str = ""
    """As the cluster writes it: `100Gi`."""
    storage_class: str = ""
    description: str = ""
    owner: str = ""
    created: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody as a cluster knows them."""

    name: str
    groups: tuple[str, ...] = ()
    admin: bool = False
