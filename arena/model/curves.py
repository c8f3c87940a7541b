"""What a job reported of its metrics, value by value."""

from collections.abc import Mapping, Sequence

from arena.model.partial import Unread
from arena.tuples import NamedTuple
from arena.values import field, frozen


class Point(NamedTuple):
    """A value of a metric."""

    time: str
    """RFC 3339; "" if it is unknown."""
    step: float | None
    value: float
    """May be infinite, or not a number."""


@frozen
class Curves:
    """The metrics of a job."""

    name: str
    namespace: str
    kind: str
    metrics: Mapping[str, Sequence[Point]] = field(default_factory=dict)
    """The values of each metric in their order, the metric with most values first."""
    lines: int = 0
    """Only so many lines at the end of its output were read; 0 if all were."""
    unread: tuple[Unread, ...] = ()
