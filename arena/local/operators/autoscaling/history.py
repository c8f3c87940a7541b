"""What the autoscaler remembers of one object between two passes, as Kubernetes' does: in memory.

A new server begins with the present number of replicas as the only recommendation, so it scales nothing down
before the stabilization window is over.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from arena.tuples import NamedTuple

LONGEST = 3600.0
"""Seconds for which anything is remembered: the longest stabilization window."""
AGAIN = 300.0
"""Seconds after which a warning is told again; a cluster drops its repetitions for so long, too."""


class Counters(NamedTuple):
    """What the proxy has counted up to a moment."""

    moment: datetime
    requests: int
    busy: float
    """The seconds of all requests together."""
    present: int
    """Those under way, and those that wait for a pod."""


@dataclass
class History:
    """Recent recommendations and changes, with their moments.

    Attributes:
        generation: the generation of the object at the last pass.
        last: when that was.
        told: when each warning was last told, by its reason and message.
        readings: the last counters of traffic, and what they said, by metric and by what they count.
    """

    generation: int = 0
    last: datetime | None = None
    told: dict[tuple[str, str], datetime] = field(default_factory=dict)
    recommendations: list[tuple[datetime, int]] = field(default_factory=list)
    ups: list[tuple[datetime, int]] = field(default_factory=list)
    downs: list[tuple[datetime, int]] = field(default_factory=list)
    readings: dict[tuple[str, str], tuple[Counters, int]] = field(default_factory=dict)

    def begin(self, replicas: int, now: datetime) -> None:
        """Take the present number of replicas as the first recommendation."""
        if not self.recommendations:
            self.recommendations.append((now, replicas))

    def recommend(self, replicas: int, now: datetime) -> None:
        """Add a recommendation, and forget what is too old for all purposes."""
        cutoff = now - timedelta(seconds=LONGEST)
        for one in (self.recommendations, self.ups, self.downs):
            one[:] = [(moment, count) for moment, count in one if moment > cutoff]
        self.recommendations.append((now, replicas))

    def is_news(self, reason: str, message: str, now: datetime) -> bool:
        """Whether a warning has not been told for a while; it counts as told then."""
        cutoff = now - timedelta(seconds=AGAIN)
        self.told = {one: moment for one, moment in self.told.items() if moment > cutoff}
        if (reason, message) in self.told:
            return False
        self.told[reason, message] = now
        return True

    def changed(self, before: int, after: int, now: datetime) -> None:
        """Remember a change of the number of replicas."""
        (self.ups if after > before else self.downs).append((now, abs(after - before)))


def since(found: list[tuple[datetime, int]], seconds: float, now: datetime) -> list[int]:
    """The numbers of the last seconds."""
    cutoff = now - timedelta(seconds=seconds)
    return [count for moment, count in found if moment > cutoff]
