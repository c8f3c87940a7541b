"""Measure servings side by side under their own traffic, by what their engines count."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from arena.actions.serving import servers
from arena.actions.serving.guard import Rule
from arena.actions.serving.metrics import counters, scrape
from arena.actions.serving.metrics.counters import Counters
from arena.actions.serving.metrics.scrape import Readings
from arena.actions.serving.servers import Server
from arena.errors import ArenaError, SpecError, Unreachable
from arena.model.benchmarks import Benchmark, Distribution, Failure, Load
from arena.values import replace

if TYPE_CHECKING:
    from arena.session import Session

TICK = 2.0
"""Seconds between two readings."""
LEAST = 10
"""Requests that a serving must have had to be judged."""
_REPLAY = "add --sample INPUT, whose requests arena replays and measures itself"
_QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}


def check(session: Session, server: Server, rules: Iterable[Rule]) -> None:
    """Check that the engine of a serving tells what the conditions are about.

    Raises:
        SpecError: it does not. Unreachable: none of its instances can be read.
    """
    watched = _Watched(session, server)
    watched.read()
    _check_told(server.title, watched.counted(), rules)


def _check_told(name: str, found: Counters | None, rules: Iterable[Rule]) -> None:
    if found is None:
        raise SpecError(f'serving "{name}" has no metrics that arena knows', _REPLAY)
    told = {"rps", *(("mean",) if found.seconds is not None else ())}
    told |= {"errors"} if found.failures is not None else set()
    told |= set(_QUANTILES) if found.buckets else set()
    for one in rules:
        if one.measure not in told:
            raise SpecError(f'the metrics of serving "{name}" do not tell {one.measure}', _REPLAY)


def measured(
    session: Session,
    several: Sequence[Server],
    rules: Iterable[Rule],
    seconds: float,
    tell: Callable[[Sequence[Benchmark]], None],
) -> list[Benchmark]:
    """Measure servings for some seconds.

    Args:
        several: servings, or some of their instances; the last one is to be judged.
        rules: by which.
        tell: called every two seconds with what was measured so far.

    Raises:
        ArenaError: the last one had too few requests, or its metrics do not tell what the rules are about.
    """
    watched = [_Watched(session, one) for one in several]
    start = time.monotonic()
    for one in watched:
        one.read()
    while (passed := time.monotonic() - start) < seconds:
        time.sleep(min(TICK, seconds - passed))
        for one in watched:
            one.read()
        tell([one.benchmark(time.monotonic() - start, seconds) for one in watched])
    found = [one.benchmark(time.monotonic() - start, seconds) for one in watched]
    title = several[-1].title
    if found[-1].requests < LEAST:
        text = f"{title} had {found[-1].requests} requests in {seconds:g}s, too few to judge it"
        raise ArenaError(text, _REPLAY)
    _check_told(title, watched[-1].counted(), rules)
    return found


class _Watched:
    """A serving whose instances are read again and again."""

    def __init__(self, session: Session, server: Server) -> None:
        self._session = session
        self._server = server
        self._readings: Readings = {}
        self._first: dict[str, Counters] = {}
        self._last: dict[str, Counters] = {}
        self._ended: list[Counters] = []
        """What instances had counted before they started anew."""
        self._is_begun = False

    def read(self) -> None:
        """Read all instances that are ready; one that cannot be read keeps what was read before.

        Raises:
            Unreachable: no instance was ever read.
        """
        serving = servers.serving(self._session, self._server)
        self._readings, errors = scrape.every(self._session.cluster(), [serving], self._readings)
        for (_, name), found in self._readings.items():
            if found.counters is not None:
                self._note(name, found.counters)
        self._is_begun = True
        if not self._last and (errors or not self._readings):
            nobody = Unreachable(f'serving "{self._server.title}" has no instance that is ready')
            raise [nobody, *errors.values()][-1]

    def _note(self, name: str, found: Counters) -> None:
        before = self._last.get(name)
        if before is None and not self._is_begun:
            self._first[name] = found
        elif before is not None and found.requests < before.requests:
            self._ended.append(self._since_first(name, before))
            self._first.pop(name, None)
        self._last[name] = found

    def _since_first(self, name: str, last: Counters) -> Counters:
        return counters.since(self._first[name], last) if name in self._first else last

    def counted(self) -> Counters | None:
        """What all instances have counted since the first reading; one that came later, since its start."""
        present = [self._since_first(name, last) for name, last in self._last.items()]
        return counters.together([*present, *self._ended])

    def benchmark(self, passed: float, duration: float) -> Benchmark:
        """The same as a measurement."""
        found = self.counted()
        if found is None:
            return Benchmark(name=self._server.title, url="", load=Load(duration=duration), seconds=passed)
        failed = round(found.failures or 0)
        right = round(found.requests) - failed
        shares = {name: counters.quantile(found.buckets, share) or 0.0 for name, share in _QUANTILES.items()}
        shares["mean"] = (found.seconds or 0.0) / found.requests if found.requests else 0.0
        return Benchmark(
            name=self._server.title,
            url="",
            load=Load(duration=duration),
            seconds=passed,
            succeeded=right,
            failures=(Failure(kind="told by the engine", count=failed),) if failed else (),
            latency=replace(Distribution(count=right), **shares),
        )
