"""Volume claims."""

from datetime import datetime

from arena.values import frozen


@frozen
class Volume:
    """A volume claim that jobs can mount."""

    name: str
    namespace: str
    status: str = "Pending"
    """`Bound` once a volume has been assigned."""
    modes: tuple[str, ...] = ()
    """The access modes: `ReadWriteMany`, `ReadWriteOnce`."""
    size: str = ""
    """The size as the cluster writes it: `100Gi`."""
    storage_class: str = ""
    description: str = ""
    owner: str = ""
    created: datetime | None = None
