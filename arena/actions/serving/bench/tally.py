"""What the requests to one server came to."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from arena.actions.serving.bench.histogram import Histogram
from arena.model.benchmarks import Failure, Slot, Tokens

if TYPE_CHECKING:
    from arena.actions.serving.bench.target import Meter

_SLOTS = 120
"""Maximum number of slots; from then on, two become one."""
_SHORTEST = 0.05
"""Seconds of a slot at first."""


class Timeline:
    """Latencies and errors over time, in slots whose length doubles as time passes."""

    def __init__(self) -> None:
        self.width = _SHORTEST
        self._slots: list[tuple[Histogram, list[int]]] = []

    def at(self, moment: float) -> tuple[Histogram, list[int]]:
        """The latencies and the number of errors of the slot at a moment, in seconds since the beginning."""
        index = int(moment / self.width)
        if index >= len(self._slots):
            while index >= _SLOTS:
                self._halve()
                index = int(moment / self.width)
            self._slots += [(Histogram(), [0]) for _ in range(len(self._slots), index + 1)]
        return self._slots[index]

    def _halve(self) -> None:
        pairs = zip(self._slots[::2], [*self._slots[1::2], (Histogram(), [0])], strict=False)
        merged = []
        for (latencies, errors), (more, further) in pairs:
            latencies.merge(more)
            merged.append((latencies, [errors[0] + further[0]]))
        self._slots, self.width = merged, self.width * 2

    def slots(self) -> Iterable[Slot]:
        """The slots, in order, also empty ones."""
        for index, (latencies, errors) in enumerate(self._slots):
            figures = latencies.distribution(buckets=False)
            yield Slot(
                start=index * self.width,
                seconds=self.width,
                count=figures.count,
                errors=errors[0],
                p50=figures.p50,
                p99=figures.p99,
                max=figures.max,
            )


class Tally:
    """Counts of right answers and of errors; moments are in seconds of the clock.

    Args:
        start: the moment at which the measurement begins; requests that began before are not counted.
    """

    def __init__(self, start: float) -> None:
        self.start = self.end = start
        self.latency = Histogram()
        self.timeline = Timeline()
        self.connections = 0
        self.received = 0
        self.tokens = 0
        self.first = Histogram()
        self.between = Histogram()
        self._failures: dict[str, list[int]] = {}
        self._examples: dict[str, str] = {}

    def succeed(self, begun: float, now: float) -> None:
        """Count a right answer."""
        if begun < self.start:
            return
        self.latency.add(now - begun)
        self.timeline.at(begun - self.start)[0].add(now - begun)
        self.end = now

    def fail(self, begun: float, now: float, kind: str, example: str = "") -> None:
        """Count an error; the first example of each kind is kept."""
        if begun < self.start:
            return
        self._failures.setdefault(kind, [0])[0] += 1
        if example:
            self._examples.setdefault(kind, example)
        self.timeline.at(begun - self.start)[1][0] += 1
        self.end = now

    def wrote(self, begun: float, meter: "Meter") -> None:
        """Count the tokens of a right answer."""
        if begun < self.start:
            return
        self.tokens += meter.tokens
        if meter.times:
            self.first.add(meter.times[0] - begun)
        for before, after in zip(meter.times, meter.times[1:], strict=False):
            self.between.add(after - before)

    def failures(self) -> tuple[Failure, ...]:
        """The kinds of errors, the most frequent first."""
        return tuple(
            Failure(kind=kind, count=count, example=self._examples.get(kind, ""))
            for kind, (count,) in sorted(self._failures.items(), key=lambda one: -one[1][0])
        )

    def written(self, seconds: float, *, buckets: bool = True) -> Tokens:
        """The figures of a language model."""
        return Tokens(
            count=self.tokens,
            per_second=self.tokens / seconds if seconds else 0.0,
            first=self.first.distribution(buckets=buckets),
            between=self.between.distribution(buckets=buckets),
        )
