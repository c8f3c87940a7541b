"""What a search is told: its objectives, and what became of each trial."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from arena.search.assignments import Assignments
from arena.values import frozen

RUNNING, SUCCEEDED, FAILED, STOPPED = "running", "succeeded", "failed", "stopped"


@frozen
class Objective:
    """What the search optimizes.

    Attributes:
        metric: the name of the metric.
        maximize: whether more is better.
        goal: the search may end once a trial reaches this value; None if it goes on.
    """

    metric: str
    maximize: bool = False
    goal: float | None = None

    def is_better(self, value: float, than: float) -> bool:
        """Whether the first value is better; NaN is never better."""
        return value > than if self.maximize else value < than

    def is_reached(self, value: float) -> bool:
        """Whether the value is at least as good as the goal."""
        return self.goal is not None and (value == self.goal or self.is_better(value, self.goal))


@frozen
class Record:
    """One trial.

    Attributes:
        name: unique among the trials of the search.
        assignments: the values that it runs with.
        state: `running`, `succeeded`, `failed`, or `stopped` early.
        values: one for each objective, or () if it reported none (yet).
        points: steps and the values of the first objective there, in order of steps.
        parent: the trial from whose checkpoint it went on; "" if it started anew.
    """

    name: str
    assignments: Assignments
    state: str
    values: tuple[float, ...] = ()
    points: tuple[tuple[int, float], ...] = ()
    parent: str = ""

    def has_ended(self) -> bool:
        """Whether it will not change any more."""
        return self.state != RUNNING

    def has_result(self, objectives: int = 1) -> bool:
        """Whether it succeeded with a finite value for each objective."""
        found = len(self.values) == objectives and all(map(math.isfinite, self.values))
        return self.state == SUCCEEDED and found

    def value_at(self, step: int) -> float | None:
        """The last finite value up to and including this step; None if there is none."""
        values = (self.points[at][1] for at in reversed(range(self.count_up_to(step))))
        return next(filter(math.isfinite, values), None)

    def count_up_to(self, step: int) -> int:
        """The number of points up to and including this step."""
        return bisect_right(self.points, step, key=lambda point: point[0])


def best(records: Iterable[Record], objectives: Sequence[Objective]) -> Record | None:
    """The succeeded trial with the best value of the first objective, the first of equals."""
    first, found = objectives[0], None
    for one in records:
        if one.has_result(len(objectives)) and (
            found is None or first.is_better(one.values[0], found.values[0])
        ):
            found = one
    return found
