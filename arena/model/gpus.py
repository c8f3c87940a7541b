"""What is measured of single GPUs."""

from arena.values import frozen


@frozen
class Gpu:
    """A GPU, or a part of one by MIG, as a pod that uses it sees it; None for what nobody measured."""

    index: str = ""
    """Its number on the node, with the number of the part if it is one: `0`, `0/7`."""
    uuid: str = ""
    places: tuple[str, ...] = ()
    """Names or addresses of its node, the most reliable first."""
    namespace: str = ""
    pod: str = ""
    """The pod that uses it; "" if none does, or none is known."""
    model: str = ""
    utilization: float | None = None
    """Per cent of the time in which it computed."""
    memory_used: int | None = None
    """Bytes."""
    memory_total: int | None = None

    @property
    def id(self) -> str:
        """What tells it apart on its node."""
        return self.index or self.uuid
