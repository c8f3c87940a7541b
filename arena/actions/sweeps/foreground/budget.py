"""How much time and how many GPU hours are left to a sweep."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Protocol

from arena import units
from arena.actions.sweeps.foreground.trials import Sweep
from arena.kinds.sweeps.trial_jobs import Result
from arena.model.jobs import Job


class Begun(Protocol):
    """A trial whose job exists."""

    job: Job
    result: Result | None


class Budget:
    """What is left to a sweep.

    It counts from the creation of the sweep, and all its trials, also after an interruption.

    Args:
        now: the current time.
    """

    def __init__(self, sweep: Sweep, now: Callable[[], datetime]) -> None:
        self._now = now
        created, spec = units.when(sweep.search.created), sweep.spec
        self._end = created + timedelta(seconds=spec.timeout) if created and spec.timeout else None
        self._gpu_hours = float(spec.max_gpu_hours or "inf")

    def seconds(self) -> float:
        """The time until the limit, in seconds; not more than 0 once it is reached, inf without one."""
        return (self._end - self._now()).total_seconds() if self._end else float("inf")

    def is_spent(self, trials: Iterable[Begun]) -> bool:
        """Whether the trials have used all GPU hours."""
        if self._gpu_hours == float("inf"):
            return False
        now = self._now()
        used = (one.result.gpu_hours if one.result else one.job.gpu_hours(now) for one in trials)
        return sum(used) >= self._gpu_hours
