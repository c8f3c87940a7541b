"""What the engine of a serving, or the local cluster, tells of its traffic."""

from arena.model.servings import Serving
from arena.values import frozen


@frozen
class Traffic:
    """The traffic of a serving during some seconds, as its engine counts it, or else the local cluster.

    Each figure is None if that does not tell it.
    """

    serving: Serving
    engine: str = ""
    """Whose metrics these are, such as `vLLM` or `proxy`; empty if no instance has metrics that are known."""
    measured: int = 0
    """The number of instances that were read."""
    seconds: float = 0.0
    """How long it was measured."""
    requests: float | None = None
    """Requests a second."""
    errors: float | None = None
    """Failed requests a second."""
    mean: float | None = None
    """Seconds to an answer, on average; None without requests, too."""
    p50: float | None = None
    """Seconds within which half of the answers came."""
    p95: float | None = None
    in_flight: float | None = None
    """Requests that wait or are being answered, at the end."""
    tokens: float | None = None
    """Generated tokens a second."""

    @property
    def name(self) -> str:
        """The name of the serving."""
        return self.serving.name

    @property
    def namespace(self) -> str:
        """The namespace of the serving."""
        return self.serving.namespace
