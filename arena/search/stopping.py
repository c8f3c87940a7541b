"""Early stopping: which running trials are not worth going on with. Pure: only the records decide."""

import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Protocol

from arena.search.assignments import SearchError, Value, quoted, shown
from arena.search.records import FAILED, Objective, Record
from arena.search.setting import Setting
from arena.tuples import NamedTuple
from arena.values import field, frozen

Points = tuple[tuple[int, float], ...]


LEAST = 3
"""The first step at which trials are compared: after one, those that learn fast for a start win."""


class Stopping(Protocol):
    """Says which trials to stop."""

    def should_stop(self, record: Record, records: Sequence[Record]) -> str:
        """Why a running trial should stop, as a sentence without a period; "" if it should go on.

        Args:
            record: of the trial, with its points so far.
            records: of all trials, this one included or not.
        """


class _Means(NamedTuple):
    """The running means of a trial that had these points."""

    points: Points
    values: list[float | None]


@frozen
class Median:
    """Stops a trial whose best value is worse than the median of what the others averaged up to its step.

    Attributes:
        objective: the first one of the sweep.
        min_trials: so many others must have come as far.
        start_step: the number of points of a trial before it is judged.
    """

    objective: Objective
    min_trials: int = 3
    start_step: int = 4
    _means: dict[str, _Means] = field(default_factory=dict, repr=False)

    def should_stop(self, record: Record, records: Sequence[Record]) -> str:
        """Why it should stop; "" if not."""
        values = [value for _, value in record.points if math.isfinite(value)]
        if len(values) < self.start_step:
            return ""
        last = record.points[-1][0]
        averages = [
            average
            for one in records
            if one.name != record.name and one.state != FAILED and one.points and one.points[-1][0] >= last
            if (average := self._average(one, last)) is not None
        ]
        if len(averages) < self.min_trials:
            return ""
        middle, reached = median(averages), max(values) if self.objective.maximize else min(values)
        if not self.objective.is_better(middle, reached):
            return ""
        return (
            f"{self.objective.metric} reached {reached:.6g} by step {last}, worse than"
            f" {middle:.6g}, the median of {len(averages)} other trials"
        )

    def _average(self, one: Record, last: int) -> float | None:
        """The mean of what a trial reported up to a step, without reading all of it again."""
        known = self._means.get(one.name)
        if known is None or known.points is not one.points:
            known = self._means[one.name] = _Means(one.points, _running_means(one.points))
        return known.values[one.count_up_to(last) - 1]


@frozen
class Rungs:
    """Stops a trial that is not among the best of those that reached the same rung, as ASHA and hyperband do.

    Attributes:
        objective: the first one of the sweep.
        least: the step of the first rung; each further one has `eta` times as many.
        eta: one in so many goes on.
    """

    objective: Objective
    least: int = LEAST
    eta: int = 3

    def should_stop(self, record: Record, records: Sequence[Record]) -> str:
        """Why it should stop; "" if not."""
        if not record.points or (rung := self._rung(record.points[-1][0])) is None:
            return ""
        own = record.value_at(rung)
        if own is None:
            return f"{self.objective.metric} has no finite value up to step {rung}"
        others = [
            value
            for one in records
            if one.name != record.name and one.points and one.points[-1][0] >= rung
            if (value := one.value_at(rung)) is not None
        ]
        place = 1 + sum(self.objective.is_better(value, own) for value in others)
        count = len(others) + 1
        kept = count // self.eta
        if count < self.eta or place <= kept:
            return ""
        return (
            f"{self.objective.metric} was {own:.6g} at step {rung}, place {place} of {count}"
            f" trials, and only the best {kept} go on"
        )

    def _rung(self, step: int) -> int | None:
        """The highest rung up to this step; None before the first."""
        if step < self.least:
            return None
        rung = self.least
        while rung * self.eta <= step:
            rung *= self.eta
        return rung


RULES: Mapping[str, Mapping[str, Setting]] = {
    "median": {
        "min_trials_required": Setting(int, 3, 1, 10_000),
        "start_step": Setting(int, 4, 1, 10**9),
    },
    "asha": {"min_resource": Setting(int, LEAST, 1, 10**9), "eta": Setting(int, 3, 2, 100)},
    "hyperband": {"min_resource": Setting(int, LEAST, 1, 10**9), "eta": Setting(int, 3, 2, 100)},
}
ALIASES = {"medianstop": "median"}


def stopping(name: str, settings: Mapping[str, Value], objective: Objective) -> Stopping:
    """The rule with this name: `median` (in Katib `medianstop`), `asha` or `hyperband`.

    Raises:
        SearchError: if there is no such rule or setting, or if a setting is out of range.
    """
    known = RULES.get(ALIASES.get(name, name))
    if known is None:
        raise SearchError(f"there is no early stopping {quoted(name)}; give one of {', '.join(RULES)}")
    for key in settings:
        if key not in known:
            raise SearchError(f"{name} has no setting {quoted(key)}; its settings are {', '.join(known)}")
    made = {key: int(shown(one.read(key, settings.get(key, one.default or 1)))) for key, one in known.items()}
    if "eta" in made:
        return Rungs(objective=objective, least=made["min_resource"], eta=made["eta"])
    return Median(objective=objective, min_trials=made["min_trials_required"], start_step=made["start_step"])


def _running_means(points: Points) -> list[float | None]:
    """For each point the mean of the finite values up to it; None before the first of them."""
    made: list[float | None] = []
    total, count = 0.0, 0
    for _, value in points:
        if math.isfinite(value):
            total, count = total + value, count + 1
        made.append(total / count if count else None)
    return made
