"""Values by their rank from 0 to 1, which is how random, Sobol and other samplers draw them."""

import math
from statistics import NormalDist

from arena.search.assignments import Value
from arena.search.parameters import INT, NORMAL, UNIFORM, Parameter

_STANDARD = NormalDist()
_CUT = 3.0
"""Standard deviations between the mean and either bound."""
_TAIL = _STANDARD.cdf(-_CUT)


def value_at(parameter: Parameter, rank: float) -> Value:
    """The value below which a share of all draws lies; equal shares for choices and steps.

    Args:
        parameter: of any kind.
        rank: from 0 to 1.
    """
    count = parameter.count()
    if count is not None and (not parameter.is_number() or parameter.distribution == UNIFORM):
        return parameter.at(min(int(rank * count), count - 1))
    low, high = _scaled_bounds(parameter)
    if parameter.distribution in (UNIFORM, "logUniform"):
        number = low + rank * (high - low)
    else:
        deviations = _STANDARD.inv_cdf(_TAIL + rank * (1 - 2 * _TAIL))
        number = low + (deviations + _CUT) / (2 * _CUT) * (high - low)
    return parameter.nearest(math.exp(number) if parameter.is_log() else number)


def rank_of(parameter: Parameter, value: Value) -> float:
    """The rank of a value; of a choice or a step, the middle of its share."""
    count = parameter.count()
    if not parameter.is_number():
        return (parameter.place(value) + 0.5) / len(parameter.choices)
    assert isinstance(value, int | float)
    if count is not None and parameter.distribution == UNIFORM:
        return (parameter.index(value) + 0.5) / count
    low, high = _scaled_bounds(parameter)
    if low == high:
        return 0.5
    share = ((math.log(value) if parameter.is_log() else value) - low) / (high - low)
    share = min(max(share, 0.0), 1.0)
    if parameter.distribution in (UNIFORM, "logUniform"):
        return share
    return (_STANDARD.cdf((2 * share - 1) * _CUT) - _TAIL) / (1 - 2 * _TAIL)


def _scaled_bounds(parameter: Parameter) -> tuple[float, float]:
    """The bounds, or their logarithms; those of steps are half a step wider, so that ends are as likely."""
    low, high = parameter.bounds()
    step = parameter.step or (1 if parameter.kind == INT else 0)
    if low != high and parameter.distribution not in (NORMAL, "logNormal"):
        low, high = (low - step / 2 if low > step / 2 else low), high + step / 2
    return (math.log(low), math.log(high)) if parameter.is_log() else (low, high)
