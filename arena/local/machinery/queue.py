"""The work queue: each item once, now or later, with a growing delay after failures."""

import heapq
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)

SOON = (0.02, 5.0)
"""First and longest delay, in seconds, after a conflict: another client changed the object first."""
LATER = (0.5, 60.0)
"""First and longest delay, in seconds, after any other failure."""
LONGEST = 86400.0
"""Longest delay in seconds: users give the times, which may exceed what a clock can hold."""


class Queue(Generic[Item]):
    """Items that wait for their time; an item added twice is handed out once, at the earlier time.

    Not thread-safe: one thread owns it.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._due: dict[Item, datetime] = {}
        self._heap: list[tuple[datetime, int, Item]] = []
        self._failures: dict[Item, int] = {}
        self._count = 0
        self._latest = clock()

    def _now(self) -> datetime:
        """The present; where the clock was set back, so is what is due."""
        now = self._clock()
        back = self._latest - now
        if back > timedelta(0):
            self._due = {item: due - back for item, due in self._due.items()}
            self._heap = [(due - back, count, item) for due, count, item in self._heap]
        self._latest = now
        return now

    def add(self, item: Item, delay: float = 0.0) -> None:
        """Hand the item out in `delay` seconds, unless it is due earlier anyway."""
        due = self._now() + timedelta(seconds=min(delay, LONGEST))
        if item in self._due and self._due[item] <= due:
            return
        self._due[item] = due
        self._count += 1
        heapq.heappush(self._heap, (due, self._count, item))

    def retry(self, item: Item, pace: tuple[float, float]) -> float:
        """Add the item with a delay that grows with its failures in a row; returns the seconds."""
        failures = self._failures.get(item, 0)
        self._failures[item] = failures + 1
        first, longest = pace
        delay: float = min(longest, first * 2 ** min(failures, 20))
        self.add(item, delay)
        return delay

    def forget(self, item: Item) -> None:
        """Reset the failures of an item that has succeeded."""
        self._failures.pop(item, None)

    def pop(self) -> Item | None:
        """An item that is due, or None."""
        now = self._now()
        self._drop_stale()
        if not self._heap or self._heap[0][0] > now:
            return None
        item = heapq.heappop(self._heap)[2]
        del self._due[item]
        return item

    def wait(self) -> float | None:
        """Seconds until the next item is due; None when there is none."""
        now = self._now()
        self._drop_stale()
        return max(0.0, (self._heap[0][0] - now).total_seconds()) if self._heap else None

    def _drop_stale(self) -> None:
        while self._heap and self._due.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
