"""Measure servers under load."""

from __future__ import annotations

import select
import selectors
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from arena.actions.serving.bench.lane import Lane
from arena.model.benchmarks import Benchmark, Load

if TYPE_CHECKING:
    import threading

    from arena.actions.serving.bench.target import Target

Tell = Callable[[Sequence[Benchmark]], object]
_TICK = 0.5
"""Seconds between two live figures."""
_LOOK = 0.05
"""Seconds between two looks at what has taken too long, and at `stop`."""


def measure(
    targets: Sequence[Target],
    load: Load,
    tell: Tell = lambda so_far: None,
    stop: threading.Event | None = None,
) -> list[Benchmark]:
    """Load servers at the same time, each with the whole load, and return what was measured, in their order.

    It ends when the time is over or all requests have ended; Ctrl-C and `stop` end it at once. What was
    under way then is `unanswered`.

    Args:
        targets: the servers; at least one.
        load: the load on each.
        tell: called twice a second with what was measured so far, without slots and buckets. It must be
            quick, since nothing is measured meanwhile.
        stop: ends the measurement when another thread sets it.

    Raises:
        Unreachable: the name of a server is unknown. Other errors are counted.
    """
    with selectors.DefaultSelector() as selector:
        run = _Run(targets, load, selector)
        try:
            run.loop(tell, stop)
        except KeyboardInterrupt:
            run.interrupted = True
        finally:
            run.close()
        return run.results()


class _Run:
    """One measurement; moments are in seconds of the clock."""

    def __init__(self, targets: Sequence[Target], load: Load, selector: selectors.BaseSelector) -> None:
        self._load = load
        self._selector = selector
        self._clock = Lane.clock
        start = self._clock()
        self._lanes = [Lane(one, load, selector, start) for one in targets]
        self._measuring = start + load.warmup
        self._started: datetime | None = None
        self._spent = 0.0
        self.interrupted = False

    def loop(self, tell: Tell, stop: threading.Event | None) -> None:
        """Carry the load until its end."""
        looked = told = self._clock()
        while not all(lane.is_over() for lane in self._lanes):
            now = self._clock()
            if now - looked >= _LOOK or self._started is None:
                looked = now
                self._look(now)
                if stop is not None and stop.is_set():
                    self.interrupted = True
                    return
            if now - max(told, self._measuring) >= _TICK and self._started:
                told = now
                tell(self.results(brief=True))
            for lane in self._lanes:
                lane.launch(self._clock())
            self._wait()

    def _look(self, now: float) -> None:
        """What is done a few times a second."""
        for lane in self._lanes:
            lane.expire(now)
        if now >= self._measuring and self._started is None:
            self._started = datetime.now(timezone.utc)
            self._spent = time.thread_time()

    def _wait(self) -> None:
        """Wait until something happens on a connection or a request is due, and proceed."""
        dues = [due for lane in self._lanes if (due := lane.due()) is not None]
        patience = min(_LOOK, min(dues) - self._clock()) if dues else _LOOK
        if patience > 0:
            self._sleep(patience)
        for key, mask in self._selector.select(0):
            key.data.proceed(mask)

    def _sleep(self, seconds: float) -> None:
        """Wait for the selector, exact to a tenth of a millisecond: its own timeouts are whole ones."""
        fileno = getattr(self._selector, "fileno", None)
        try:
            if fileno:
                select.select([fileno()], [], [], seconds)
                return
        except ValueError:  # the selector is beyond the thousand files that `select` knows
            pass
        self._selector.select(seconds)

    def close(self) -> None:
        """End all connections."""
        for lane in self._lanes:
            lane.close()

    def results(self, *, brief: bool = False) -> list[Benchmark]:
        """What was measured so far; `brief` without slots and buckets."""
        now, spent = self._clock(), time.thread_time() - self._spent
        passed = now - self._measuring
        share = min(1.0, spent / passed) if self._started and passed > 0 else 0.0
        return [self._result(lane, now, share, brief) for lane in self._lanes]

    def _result(self, lane: Lane, now: float, share: float, brief: bool) -> Benchmark:
        tally, target = lane.tally, lane.target
        seconds = lane.measured(now)
        return Benchmark(
            name=target.name,
            url=target.address.shown,
            load=self._load,
            protocol=target.protocol,
            model=target.model,
            started=self._started,
            seconds=seconds,
            succeeded=tally.latency.count,
            failures=tally.failures(),
            unanswered=lane.unanswered,
            latency=tally.latency.distribution(buckets=not brief),
            tokens=tally.written(seconds, buckets=not brief) if target.meter else None,
            connections=tally.connections,
            bytes_received=tally.received,
            slots=() if brief else tuple(tally.timeline.slots()),
            client_share=share,
            interrupted=self.interrupted,
            remark=target.remark,
        )
