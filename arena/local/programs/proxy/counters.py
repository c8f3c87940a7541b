"""What the proxy counts of one group of a route."""

import time
from bisect import bisect_left
from collections import Counter
from typing import Any

STEPS = 4
"""Buckets of the histogram for each doubling of the latency."""
BOUNDS = tuple(0.00025 * 2 ** (step / STEPS) for step in range(20 * STEPS))
"""Upper bounds of the histogram's buckets in seconds: from 0.25 ms to 2 min, each 19 % above the last one."""


class Counters:
    """Requests of an HTTP route, or connections of another one. They begin at 0 with the process."""

    __slots__ = ("_since", "buckets", "busy", "failures", "in_flight", "last", "requests", "seconds")

    def __init__(self) -> None:
        self.requests = 0
        self.failures = 0
        self.in_flight = 0
        self.seconds = 0.0
        self.busy = 0.0
        self.last = 0.0
        self.buckets: Counter[int] = Counter()
        self._since = time.monotonic()

    def begin(self) -> float:
        """Count one more in flight, and return the present moment."""
        now = time.monotonic()
        self.busy += self.in_flight * (now - self._since)
        self._since = now
        self.in_flight += 1
        self.requests += 1
        return now

    def end(self, began: float, failed: bool, answered: bool) -> None:
        """Count one less in flight; its latency counts if it was answered."""
        now = time.monotonic()
        self.busy += self.in_flight * (now - self._since)
        self._since = now
        self.in_flight -= 1
        self.failures += failed
        if answered:
            self.seconds += now - began
            self.buckets[bisect_left(BOUNDS, now - began)] += 1

    def data(self) -> dict[str, Any]:
        """JSON; `arena.local.machinery.traffic` says what the fields are."""
        now = time.monotonic()
        return {
            "requests": self.requests,
            "failures": self.failures,
            "inFlight": self.in_flight,
            "busySeconds": self.busy + self.in_flight * (now - self._since),
            "seconds": self.seconds,
            "lastRequest": time.time() - (now - self._since) if self.requests else None,
            "latencies": [
                [BOUNDS[at] if at < len(BOUNDS) else None, count]
                for at, count in sorted(self.buckets.items())
            ],
        }
