"""Whether a job fits into a cluster now, where its instances would run, and what is missing."""

from collections.abc import Mapping
from datetime import datetime

from arena.model.partial import Unread
from arena.values import frozen

FITS, DEPENDS, SHORT, REFUSED, QUEUED, UNKNOWN = "fits", "depends", "short", "refused", "queued", "unknown"
"""Outcomes: every instance finds a node; whether it does depends on the scheduler's choices; some find none;
the cluster would not accept the instances; a queue holds the job back; the nodes or pods cannot be read.
"""


@frozen
class RoleFit:
    """The instances of one role, which are all alike."""

    name: str
    count: int
    requests: str = ""
    """What each requests, such as `8 nvidia.com/gpu, 4 cpu, 16Gi memory`."""
    nodes: Mapping[str, int]
    """Node -> the number of these instances that it takes."""
    obstacles: Mapping[str, int]
    """If some find no node: why, and the number of nodes that it concerns."""
    closest: str = ""
    """What the nearest node lacks, as a sentence; "" if it is more than an amount of one resource."""

    @property
    def placed(self) -> int:
        """The number of instances that find a node."""
        return sum(self.nodes.values())


@frozen
class Forecast:
    """What a queue does with the job, as far as can be said."""

    queue: str
    system: str
    """`kueue` or `volcano`."""
    ahead: int = 0
    """The number of jobs that wait in it already."""
    room: bool | None = None
    """Whether its quota has room for the job now; None if unknown."""
    start: datetime | None = None
    """When the job will probably start; None if that cannot be said."""
    reasons: tuple[str, ...] = ()
    """What that is based on, one sentence each."""


@frozen
class Fit:
    """The verdict on a job."""

    name: str
    """"" if none was given."""
    kind: str
    namespace: str
    outcome: str
    roles: tuple[RoleFit, ...] = ()
    problems: tuple[str, ...] = ()
    """Why the cluster would not accept or start the instances, one sentence each."""
    warnings: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()
    """Flags of shapes of the job that fit now, such as `--workers 3`."""
    evicted: tuple[str, ...] = ()
    """Pods of lower priority that would be ended, as NAMESPACE/NAME."""
    forecast: Forecast | None = None
    """None if the job names no queue."""
    unread: tuple[Unread, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether all instances would start now."""
        return self.outcome == FITS
