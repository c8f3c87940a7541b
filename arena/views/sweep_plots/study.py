"""A sweep prepared for plots: its trials as rows, its parameters as axes."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from arena.tuples import NamedTuple
from arena.values import field, frozen, replace
from arena.views.pictures import axes, scales
from arena.views.pictures.axes import Axis
from arena.views.pictures.scene import CROSS, DOT, RING, SQUARE, STAR

if TYPE_CHECKING:
    from arena.model.sweeps import Goal, Sweep, Trial
    from arena.search.assignments import Value
    from arena.search.parameters import Parameter

SUCCEEDED, FAILED, STOPPED, RUNNING, BEST = "succeeded", "failed", "stopped", "running", "best"
SHAPES = {SUCCEEDED: DOT, FAILED: CROSS, STOPPED: SQUARE, RUNNING: RING, BEST: STAR}
Importance = Mapping[str, Mapping[str, float]]
"""For each metric, the share of each parameter in its variance."""
_SPREAD = 1000
"""The ratio of values from which on their axis is logarithmic."""
_OUTLYING, _KEPT, _FEW = 8, 3, 10
"""How far the worst values lie beyond the others before an axis omits them, what it keeps, of how many."""


class Row(NamedTuple):
    """A trial."""

    number: int
    name: str
    state: str
    """One of SHAPES, but not `best`."""
    ended: bool
    values: tuple[float, ...]
    """The value of each objective; NaN if it has none."""
    assignments: "Mapping[str, Value]"
    points: tuple[tuple[int, float], ...]
    """The steps and values of the first objective while it ran."""
    reason: str
    seconds: float
    recorded: tuple[float, ...] = ()
    """The value of each further metric; NaN if it has none."""


class Dimension(NamedTuple):
    """A parameter as an axis, and the place of each trial on it; NaN if the trial does not have it."""

    name: str
    axis: Axis
    places: tuple[float, ...]
    varies: bool = True
    """Whether it can have more than one value."""


@frozen
class Study:
    """What all plots of a sweep show.

    Attributes:
        objectives: its metrics, the first one first.
        dimensions: the parameters with more than one value, in the order of the sweep.
        importance: what is known of the importance of parameters; may lack metrics.
        best: the index of the best trial; -1 if there is none.
        front: the indices of the trials on the Pareto front.
        metrics: further metrics, which are recorded only.
        chosen: whether a user chose the parameters and their order.
    """

    name: str
    objectives: "tuple[Goal, ...]"
    rows: tuple[Row, ...]
    dimensions: tuple[Dimension, ...]
    importance: Importance = field(default_factory=dict)
    best: int = -1
    front: frozenset[int] = frozenset()
    chosen: bool = False
    metrics: tuple[str, ...] = ()

    def ranked(self) -> tuple[Dimension, ...]:
        """The parameters, the most important ones for the first metric first, if nobody chose an order."""
        if self.chosen:
            return self.dimensions
        shares = self.importance.get(self.objectives[0].metric, {}) if self.objectives else {}
        return tuple(sorted(self.dimensions, key=lambda one: -shares.get(one.name, 0.0)))

    def only(self, names: Sequence[str]) -> "Study":
        """The study with these parameters alone, in this order."""
        by_name = {one.name: one for one in self.dimensions}
        shares = {
            metric: {name: share for name, share in found.items() if name in names}
            for metric, found in self.importance.items()
        }
        return replace(
            self, dimensions=tuple(by_name[name] for name in names), importance=shares, chosen=True
        )

    def known(self, objective: int = 0) -> list[int]:
        """The indices of the trials with a finite value of an objective."""
        return [at for at, row in enumerate(self.rows) if self.value(at, objective) is not None]

    def results(self, objective: int = 0) -> list[int]:
        """The indices of the trials whose value of an objective counts: those that have not failed."""
        return [at for at in self.known(objective) if self.rows[at].state != FAILED]

    def value(self, at: int, objective: int = 0) -> float | None:
        """The value of a trial; None if it has no finite one."""
        values = self.rows[at].values
        found = values[objective] if objective < len(values) else math.nan
        return found if math.isfinite(found) else None

    def places(self) -> dict[int, float]:
        """For each trial with a result, its place between the worst, 0, and the best, 1, by its rank."""
        if not self.objectives:
            return {}
        losses = {at: self.objectives[0].loss(self.rows[at].values[0]) for at in self.results()}
        ordered = sorted(losses, key=lambda at: (-losses[at], -at))
        return {at: place / max(1, len(ordered) - 1) for place, at in enumerate(ordered)}


def study(sweep: "Sweep", importance: Importance, now: datetime) -> Study:
    """Prepare a sweep.

    Args:
        sweep: the sweep with all its trials.
        importance: for each metric, the share of each parameter; {} if it is unknown.
        now: the present time, for the duration of running trials.
    """
    goals = sweep.objectives
    metrics = tuple(one for one in sweep.metrics if one not in {goal.metric for goal in goals})
    rows = tuple(_row(one, goals, metrics, now) for one in sweep.trials)
    best = sweep.best()
    # With one metric, the front is the best trial, and finding it would take long for thousands.
    front = {one.number for one in sweep.front()} if len(sweep.objectives) > 1 else set()
    dimensions = [_dimension(one, rows) for one in _parameters(sweep, rows)]
    return Study(
        name=sweep.name,
        objectives=sweep.objectives,
        rows=rows,
        dimensions=tuple(one for one in dimensions if one.varies),
        importance=importance,
        best=next((at for at, one in enumerate(sweep.trials) if one is best), -1),
        metrics=metrics,
        front=frozenset(at for at, row in enumerate(rows) if row.number in front),
    )


def objective(study: Study, at: int) -> tuple[Axis, int]:
    """The axis of an objective, and the number of values that are so bad that it does not reach them."""
    goal = study.objectives[at]
    values = sorted((value for one in study.known(at) if (value := study.value(one, at)) is not None),
                    key=goal.loss)  # fmt: skip
    title = f"{goal.metric} ({'higher' if goal.maximize else 'lower'} is better)"
    if not values:
        return axes.numbers(title, []), 0
    low, high = min(values), max(values)
    if low > 0 and high / low >= _SPREAD:
        return axes.numbers(title, values, logarithmic=True), 0
    kept = without_outliers(values)
    return axes.numbers(title, kept), len(values) - len(kept)


def text(value: "Value | None") -> str:
    """A value of a parameter."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return scales.number(value, 6) if isinstance(value, int | float) else value


def tips(study: Study) -> dict[int, str]:
    """What to show of each trial under the pointer."""
    return {at: tip(study, row) for at, row in enumerate(study.rows)}


def tip(study: Study, row: Row) -> str:
    """A trial in one line."""
    measured = [
        f"{goal.metric} {scales.number(value)}"
        for goal, value in zip(study.objectives, row.values, strict=True)
        if not math.isnan(value)
    ]
    given = [f"{name} {text(value)}" for name, value in row.assignments.items()]
    return f"trial {row.number} ({row.state}): {', '.join([*measured, *given])}"


def _row(one: "Trial", goals: "tuple[Goal, ...]", metrics: tuple[str, ...], now: datetime) -> Row:
    state = {"STOPPED": STOPPED, "SUCCEEDED": SUCCEEDED, "FAILED": FAILED}.get(one.status, RUNNING)
    first = goals[0].metric if goals else ""
    return Row(
        number=one.number,
        name=one.name,
        state=state,
        ended=one.phase.is_final or state == STOPPED,
        values=tuple(float(one.metrics.get(goal.metric, math.nan)) for goal in goals),
        assignments=one.assignments,
        points=tuple((p.step, p.value) for p in one.points if p.metric == first and math.isfinite(p.value)),
        reason=one.reason,
        seconds=one.duration(now).total_seconds(),
        recorded=tuple(float(one.metrics.get(metric, math.nan)) for metric in metrics),
    )


def _parameters(sweep: "Sweep", rows: Sequence[Row]) -> "list[tuple[str, Parameter | None]]":
    """The parameters of the sweep, then those that only trials have."""
    known: dict[str, Parameter | None] = {one.name: one for one in sweep.parameters}
    for row in rows:
        for name in row.assignments:
            known.setdefault(name, None)
    return list(known.items())


def _dimension(described: "tuple[str, Parameter | None]", rows: Sequence[Row]) -> Dimension:
    name, parameter = described
    given = [row.assignments.get(name) for row in rows]
    numbers = [_number(one) for one in given]
    is_number = parameter.kind in ("double", "int") if parameter else _are_numbers(given)
    if not is_number:
        return _choices(name, parameter.choices if parameter else (), given)
    values = [one for one in numbers if math.isfinite(one)]
    values += [one for one in (parameter.low, parameter.high) if one is not None] if parameter else []
    logarithmic = parameter.distribution.startswith("log") if parameter else False
    axis = axes.numbers(
        name,
        values,
        logarithmic=logarithmic,
        whole=parameter.kind == "int" if parameter else all(isinstance(one, int) for one in given),
    )
    return Dimension(name, axis, tuple(numbers), len(set(values)) > 1)


def _choices(name: str, choices: "Sequence[Value]", given: "Sequence[Value | None]") -> Dimension:
    values = list(dict.fromkeys([*choices, *(one for one in given if one is not None)]))
    if _are_numbers(values):
        values.sort(key=_number)
    texts = list(dict.fromkeys(map(text, values)))
    places = tuple(math.nan if one is None else float(texts.index(text(one))) for one in given)
    return Dimension(name, axes.categories(name, texts), places, len(texts) > 1)


def _are_numbers(values: "Sequence[Value | None]") -> bool:
    return all(isinstance(one, int | float) and not isinstance(one, bool) for one in values)


def _number(value: "Value | None") -> float:
    """A value as a number; NaN if it is none."""
    if value is None or isinstance(value, bool):
        return math.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan


def without_outliers(ordered: Sequence[float]) -> Sequence[float]:
    """Values, the best first, without the worst ones if these would squeeze all others."""
    if len(ordered) < _FEW:
        return ordered
    best, most = ordered[0], ordered[len(ordered) * 9 // 10 - 1]
    core = abs(most - best)
    if not core or abs(ordered[-1] - best) <= _OUTLYING * core:
        return ordered
    return [one for one in ordered if abs(one - best) <= _KEPT * core]
