"""What measures a serving and its canary: requests that arena replays, or the counters of their engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from arena.actions.serving.bench.bench import bench
from arena.actions.serving.guard import Rule
from arena.actions.serving.metrics import watch
from arena.actions.serving.servers import Server
from arena.model.benchmarks import Benchmark, Load
from arena.values import field, frozen

if TYPE_CHECKING:
    from arena.session import Session

Tell = Callable[[Sequence[Benchmark]], None]


class Source(Protocol):
    """Measures servers, or some instances of them, beside each other."""

    def check(self, session: Session, server: Server, rules: Iterable[Rule]) -> None:
        """Check that it can judge a server by these conditions.

        Raises:
            SpecError: it cannot. Unreachable: the server cannot be measured.
        """

    def measured(
        self, session: Session, servers: Sequence[Server], rules: Iterable[Rule], seconds: float, tell: Tell
    ) -> list[Benchmark]:
        """Measure servers for some seconds; the last one is to be judged.

        Args:
            rules: by which.
            tell: called again and again with what was measured so far.

        Raises:
            ArenaError: it cannot be judged by what was measured.
        """


@frozen
class Replay:
    """Sends requests to each server at the same rate."""

    samples: Sequence[str | bytes] = field(repr=False)
    """Inputs, as `arena.serving.predict` takes them; at least one."""
    rps: float

    def check(self, session: Session, server: Server, rules: Iterable[Rule]) -> None:
        """Replayed requests tell everything; the first one to each server checks the samples."""

    def measured(
        self, session: Session, servers: Sequence[Server], rules: Iterable[Rule], seconds: float, tell: Tell
    ) -> list[Benchmark]:
        """As for every source; Ctrl-C ends it with what was measured so far, which says `interrupted`."""
        load = Load(rps=self.rps, duration=seconds)
        return bench(session, servers, self.samples, load, tell, together=True)


@frozen
class EngineMetrics:
    """Reads what engines count of the traffic that comes."""

    def check(self, session: Session, server: Server, rules: Iterable[Rule]) -> None:
        """As for every source."""
        watch.check(session, server, rules)

    def measured(
        self, session: Session, servers: Sequence[Server], rules: Iterable[Rule], seconds: float, tell: Tell
    ) -> list[Benchmark]:
        """As for every source."""
        return watch.measured(session, servers, rules, seconds, tell)


def chosen(samples: Sequence[str | bytes], rps: float) -> Source:
    """Requests are replayed if there are any."""
    return Replay(samples=samples, rps=rps) if samples else EngineMetrics()
