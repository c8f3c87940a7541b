"""How much each parameter matters for the result of a sweep."""

from collections import defaultdict
from collections.abc import Sequence
from importlib.util import find_spec

from arena.search.assignments import Assignments, SearchError, Value, shown
from arena.search.parameters import Parameter
from arena.search.quantiles import rank_of
from arena.search.records import Objective, Record
from arena.search.space import Space

LEAST = 4
"""Results below which nothing can be said."""


def importance(
    space: Space,
    records: Sequence[Record],
    objectives: Sequence[Objective],
    index: int = 0,
    quick: bool = False,
) -> dict[str, float]:
    """The share of each parameter, from 0 to 1 with a sum of 1, the most important first.

    It is Optuna's PED-ANOVA where that is installed, else the correlation ratio: the share of the variance of
    the results that the parameter explains alone. Fixed parameters have no share. With few results, or equal
    ones, it is empty.

    Args:
        space: of the parameters.
        records: of all trials; only those with a result count.
        objectives: of the sweep.
        index: of the objective to explain.
        quick: compute the correlation ratio in any case; Optuna takes a second to import.
    """
    found, costs = [], []
    sign = -1 if objectives[index].maximize else 1
    for one in records:
        if one.has_result(len(objectives)) and (typed := _typed(space, one)) is not None:
            found.append(typed)
            costs.append(sign * one.values[index])
    names = [one.name for one in space.parameters if not one.is_fixed()]
    if len(found) < LEAST or len(set(costs)) < 2 or not names:
        return {}
    if not quick and find_spec("optuna") and find_spec("scipy"):
        from arena.search.optuna_importance import ped_anova

        shares = ped_anova(space, found, costs)
    else:
        shares = {name: correlation_ratio(space.parameter(name), found, costs) for name in names}
    total = sum(shares.values()) or 1.0
    shares = {name: share / total for name, share in shares.items()}
    return dict(sorted(shares.items(), key=lambda one: (-one[1], one[0])))


def correlation_ratio(
    parameter: Parameter, combinations: Sequence[Assignments], values: Sequence[float]
) -> float:
    """The share of the variance that lies between groups of similar values of a parameter, from 0 to 1.

    Trials in which it is inactive are a group of their own.
    """
    bins = max(2, round(len(combinations) ** 0.5 / 2))
    groups: dict[str, list[float]] = defaultdict(list)
    for one, value in zip(combinations, values, strict=True):
        groups[_group(parameter, one, bins)].append(value)
    mean = sum(values) / len(values)
    between = sum(len(one) * (sum(one) / len(one) - mean) ** 2 for one in groups.values())
    return between / sum((value - mean) ** 2 for value in values)


def _group(parameter: Parameter, one: Assignments, bins: int) -> str:
    if parameter.name not in one:
        return "inactive"
    value = one[parameter.name]
    if not parameter.is_number():
        return f"={shown(value)}"
    return str(min(int(rank_of(parameter, value) * bins), bins - 1))


def _typed(space: Space, record: Record) -> dict[str, Value] | None:
    """The values of a trial; None if they are not in the space."""
    try:
        return space.filled(lambda one: one.read(record.assignments[one.name]))
    except (SearchError, KeyError):
        return None
