"""What the proxy counts of one group of a route, and of each pod."""

import time
from bisect import bisect_left
from collections import Counter
from typing import Any

STEPS = 4
"""Buckets of the histogram for each doubling of the latency."""
BOUNDS = tuple(0.00025 * 2 ** (step / STEPS) for step in range(20 * STEPS))
"""Upper bounds of the histogram's buckets in seconds: from 0.25 ms to 2 min, each 19 % above the last one."""


class Outcomes:
    """Requests that are over, or connections of a route that is not HTTP."""

    __slots__ = ("buckets", "ended", "failures", "seconds")

    def __init__(self) -> None:
        self.ended = 0
        self.failures = 0
        self.seconds = 0.0
        self.buckets: Counter[int] = Counter()

    def add(self, seconds: float, failed: bool, answered: bool) -> None:
        """Count one; its latency counts if it was answered."""
        self.ended += 1
        self.failures += failed
        if answered:
            self.seconds += seconds
            self.buckets[bisect_left(BOUNDS, seconds)] += 1

    def latencies(self) -> list[tuple[float | None, int]]:
        """The upper bounds of the buckets and how many are in each; None at the end, and no empty ones."""
        return [
            (BOUNDS[at] if at < len(BOUNDS) else None, count) for at, count in sorted(self.buckets.items())
        ]


class Counters:
    """Requests, or connections, of a group. They begin at 0 with the process."""

    __slots__ = ("_since", "busy", "in_flight", "last", "outcomes", "requests")

    def __init__(self) -> None:
        self.requests = 0
        self.in_flight = 0
        self.busy = 0.0
        self.last = 0.0
        self.outcomes = Outcomes()
        self._since = time.monotonic()

    def begin(self) -> float:
        """Count one more in flight, and return the present moment."""
        now = time.monotonic()
        self.busy += self.in_flight * (now - self._since)
        self._since = now
        self.in_flight += 1
        self.requests += 1
        return now

    def end(self, began: float, failed: bool, answered: bool) -> float:
        """Count one less in flight, as `Outcomes.add` does, and return how long it took."""
        now = time.monotonic()
        self.busy += self.in_flight * (now - self._since)
        self._since = now
        self.in_flight -= 1
        self.outcomes.add(now - began, failed, answered)
        return now - began

    def data(self) -> dict[str, Any]:
        """JSON; `arena.local.machinery.traffic` says what the fields are."""
        now = time.monotonic()
        return {
            "requests": self.requests,
            "failures": self.outcomes.failures,
            "inFlight": self.in_flight,
            "busySeconds": self.busy + self.in_flight * (now - self._since),
            "seconds": self.outcomes.seconds,
            "lastRequest": time.time() - (now - self._since) if self.requests else None,
            "latencies": self.outcomes.latencies(),
        }
