"""The trials of a sweep as a study of Optuna, in memory or as a file that optuna-dashboard opens."""

from __future__ import annotations

import contextlib
import math
import os
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from arena.actions.sweeps.export import check_new
from arena.errors import ArenaError
from arena.model.jobs import Phase
from arena.model.sweeps import Sweep, Trial
from arena.search.assignments import SearchError, Value, shown
from arena.search.parameters import CATEGORICAL, DISCRETE, INT, Parameter
from arena.tuples import NamedTuple

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial, TrialState

_WAITING = (Phase.PENDING, Phase.QUEUING, Phase.SUSPENDED)


def study(one: Sweep, storage: BaseStorage | None = None) -> Study:
    """Return the trials of a sweep as a study of Optuna.

    Its trials have the values of parameters and metrics, the values of the first metric while they ran, and
    as user attributes their `name`, `number`, `job`, `reason` and further metrics, such as `metric.size`. A
    trial that was stopped is pruned; one that lacks a metric has failed.

    Args:
        storage: where Optuna keeps the study, which has the name of the sweep; None for memory.

    Raises:
        ArenaError: Optuna is not installed.
    """
    _check_optuna()
    import optuna

    from arena.search.optuna_samplers import quiet

    with quiet():
        made = optuna.create_study(
            storage=storage,
            study_name=one.name,
            directions=["maximize" if goal.maximize else "minimize" for goal in one.objectives],
        )
        made.set_metric_names([goal.metric for goal in one.objectives])
        for key, value in _about(one).items():
            made.set_user_attr(key, value)
        spaces = _spaces(one)
        for trial in one.trials:
            made.add_trial(_trial(one, trial, spaces))
    return made


def _check_optuna() -> None:
    if find_spec("optuna") is None:
        raise ArenaError("a study needs Optuna", "pip install 'arena-jobs[sweep]'")


def _about(one: Sweep) -> dict[str, Any]:
    known = {
        "namespace": one.namespace,
        "algorithm": one.algorithm,
        "settings": dict(one.settings),
        "constraints": list(one.constraints),
        "kind": one.kind,
    }
    return {key: value for key, value in known.items() if value}


def _trial(one: Sweep, trial: Trial, spaces: Mapping[str, _Space]) -> FrozenTrial:
    from optuna.trial import TrialState, create_trial

    state, values = _result(one, trial)
    first = one.objectives[0].metric
    made = create_trial(
        state=state,
        values=values,
        params={name: spaces[name].value(value) for name, value in trial.assignments.items()},
        distributions={name: spaces[name].distribution for name in trial.assignments},
        user_attrs=_notes(one, trial),
        intermediate_values={at.step: at.value for at in trial.points if at.metric == first},
    )
    started = _local(trial.started or one.created) or made.datetime_start
    made.datetime_start = None if state == TrialState.WAITING else started
    if state.is_finished():
        made.datetime_complete = _local(trial.ended) or started
    return made


def _result(one: Sweep, trial: Trial) -> tuple[TrialState, list[float] | None]:
    from optuna.trial import TrialState

    found = [trial.metrics.get(goal.metric, math.nan) for goal in one.objectives]
    values = found if all(map(math.isfinite, found)) else None
    if not trial.phase.is_final:
        return TrialState.WAITING if trial.phase in _WAITING else TrialState.RUNNING, None
    if trial.stopped:
        return TrialState.PRUNED, values
    if trial.succeeded and values:
        return TrialState.COMPLETE, values
    return TrialState.FAIL, None


def _notes(one: Sweep, trial: Trial) -> dict[str, Any]:
    goals = [goal.metric for goal in one.objectives]
    others = {
        f"metric.{name}": value if math.isfinite(value) else str(value)
        for name, value in trial.metrics.items()
        if name not in goals or not math.isfinite(value)
    }
    texts = {"job": trial.job, "reason": trial.reason}
    return {
        "name": trial.name,
        "number": trial.number,
        **{key: text for key, text in texts.items() if text},
        **others,
    }


def _local(moment: datetime | None) -> datetime | None:
    """The moment as Optuna has it: in the time zone of this machine, without saying so."""
    return moment.astimezone().replace(tzinfo=None) if moment else None


# ---- parameters


class _Space(NamedTuple):
    """The values of a parameter, as Optuna has them."""

    distribution: BaseDistribution
    parameter: Parameter | None = None
    """None if the values are only those that trials have."""

    def value(self, given: Value) -> Value:
        """A value as it is in the distribution."""
        from optuna.distributions import CategoricalDistribution

        value = self.parameter.read(given) if self.parameter else given
        known = self.distribution.choices if isinstance(self.distribution, CategoricalDistribution) else None
        return value if known is None or value in known else shown(value)


def _spaces(one: Sweep) -> dict[str, _Space]:
    seen: dict[str, list[Value]] = {}
    for trial in one.trials:
        for name, value in trial.assignments.items():
            seen.setdefault(name, []).append(value)
    described = {each.name: each for each in one.parameters}
    return {name: _space(described.get(name), values) for name, values in seen.items()}


def _space(parameter: Parameter | None, seen: Sequence[Value]) -> _Space:
    """The space of a parameter; all values seen, if it is not described or a trial has another value."""
    if parameter:
        try:
            for value in seen:
                parameter.read(value)
            return _Space(_described(parameter), parameter)
        except SearchError:
            pass
    return _Space(_choices(seen))


def _choices(values: Sequence[Value]) -> BaseDistribution:
    """A categorical parameter; as texts if two values are equal for Optuna, such as 1 and true."""
    from optuna.distributions import CategoricalDistribution

    different = {shown(value): value for value in values}
    are_equal = len(set(different.values())) < len(different)
    return CategoricalDistribution(list(different if are_equal else different.values()))


def _described(one: Parameter) -> BaseDistribution:
    from optuna.distributions import FloatDistribution, IntDistribution

    if one.kind == CATEGORICAL:
        return _choices(one.choices)
    if one.kind == DISCRETE:
        return _choices(sorted(one.choices, key=float))
    low, high = one.bounds()
    if one.kind == INT:
        step = 1 if one.is_log() else int(one.step or 1)
        return IntDistribution(int(low), int(high) - int(high - low) % step, log=one.is_log(), step=step)
    if one.step is None or one.is_log():
        return FloatDistribution(low, high, log=one.is_log())
    last = float(one.nearest(high))
    # Optuna complains of steps that are no short decimal fractions.
    is_exact = not (Decimal(str(last)) - Decimal(str(low))) % Decimal(str(one.step))
    return FloatDistribution(low, last, step=one.step if is_exact else None)


# ---- the file


def save(one: Sweep, path: str, *, over: bool = False) -> None:
    """Write the trials of a sweep as a study into an SQLite database, completely or not at all.

    Args:
        over: whether a file that exists is replaced.

    Raises:
        Conflict: the file exists.
        ArenaError: it cannot be written, or Optuna is not installed.
    """
    check_new(path, over=over)
    fresh = f"{path}.{os.getpid()}"
    try:
        with contextlib.closing(sqlite3.connect(fresh)) as file:
            _in_memory(one).backup(file)
        os.replace(fresh, path)
    except (OSError, sqlite3.Error) as cause:
        why = cause.strerror if isinstance(cause, OSError) else str(cause)
        raise ArenaError(f"{path} cannot be written: {why}", "choose another file") from cause
    finally:
        with contextlib.suppress(OSError):
            os.unlink(fresh)


def _in_memory(one: Sweep) -> Any:
    """The database, which Optuna fills much faster in memory than on a disk."""
    _check_optuna()
    from optuna.storages import RDBStorage

    storage = RDBStorage("sqlite://")
    study(one, storage)
    found: Any = storage.engine.raw_connection().driver_connection
    return found
