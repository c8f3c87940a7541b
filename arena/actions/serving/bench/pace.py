"""When requests are due."""

from collections import deque
from typing import Protocol

PAUSE = 0.05
"""Seconds before a closed loop goes on after an error, or a dead server would keep it busy."""


class Pace(Protocol):
    """Decides when the next request is due."""

    is_open: bool
    """Whether requests are due whatever the server does, so that latency counts from then."""

    def due(self) -> float | None:
        """When the next request is due; None if only the end of another one decides that."""

    def take(self) -> None:
        """The request that was due is begun."""

    def ended(self, now: float, *, well: bool) -> None:
        """A request has ended."""


class Rate:
    """A constant rate (open loop)."""

    is_open = True

    def __init__(self, start: float, rps: float) -> None:
        self._start = start
        self._rps = rps
        self._taken = 0

    def due(self) -> float:
        """When the next request is due."""
        return self._start + self._taken / self._rps

    def take(self) -> None:
        """The next one is due a moment later."""
        self._taken += 1

    def ended(self, now: float, *, well: bool) -> None:
        """Nothing follows from that."""


class Turns:
    """A constant number of requests at a time (closed loop)."""

    is_open = False

    def __init__(self, start: float, concurrency: int) -> None:
        self._due = deque([start] * concurrency)

    def due(self) -> float | None:
        """When the next request is due; None while all are under way."""
        return self._due[0] if self._due else None

    def take(self) -> None:
        """One more is under way."""
        self._due.popleft()

    def ended(self, now: float, *, well: bool) -> None:
        """The next one is due at once, or after a pause."""
        if well:
            self._due.appendleft(now)
        else:
            self._due.append(now + PAUSE)
