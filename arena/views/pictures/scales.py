"""Scales, the round numbers on them, and numbers as short text."""

import math
from collections.abc import Sequence

from arena.tuples import NamedTuple

_MANTISSAS = (1, 2, 5, 10)
_LARGE, _SMALL = 1e6, 1e-3
"""From which size on, and up to which, labels have an exponent."""
_WIDEST = 8
"""Maximum number of decimals of a label without an exponent."""


class Scale(NamedTuple):
    """Maps values from `low` to `high` to places from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """The place of a value; one outside is at the edge."""
        low, high, value = self.low, self.high, min(max(value, self.low), self.high)
        if self.logarithmic:
            low, high, value = math.log(low), math.log(high), math.log(value)
        # Divided first: the difference of two large floats can be infinite.
        share = (value / 2 - low / 2) / (high / 2 - low / 2)
        return self.start + (self.end - self.start) * share


class Tick(NamedTuple):
    """A round value on an axis, and its label."""

    value: float
    label: str


def ticks(scale: Scale, most: int, *, whole: bool = False) -> list[Tick]:
    """Round values on a scale in ascending order, with labels that differ.

    Args:
        scale: the scale; its places do not matter.
        most: the maximum number of ticks, 2 or more.
        whole: whether only whole numbers have a meaning.
    """
    if scale.logarithmic and scale.high / scale.low >= 10:
        return [Tick(value, label(value)) for value in powers(scale.low, scale.high, most)]
    values = steps(scale.low, scale.high, most, whole=whole)
    if len(values) < 2:
        return [Tick(value, number(value, 6)) for value in values]
    step, largest = values[1] - values[0], max(map(abs, values))
    found = {_stepped(value, step, largest): value for value in values}
    return [Tick(value, text) for text, value in found.items()]


def steps(low: float, high: float, most: int = 7, *, whole: bool = False) -> list[float]:
    """Round numbers at equal distances; at most so many, if that is 2 or more."""
    rough = (high / most - low / most) or 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    for factor in (*_MANTISSAS, 20, 50, 100):
        step = max(factor * power, 1.0) if whole else factor * power
        if step == 0 or math.isinf(step):
            break
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < most:
            return [float(f"{number * step:.12g}") for number in range(first, last + 1)]
    return []


def powers(low: float, high: float, most: int = 12) -> list[float]:
    """Round numbers at equal ratios: 1, 2 and 5 times a power of ten, or only powers if there are many."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    found: list[float] = []
    for factors in ((1, 2, 5), (1, 3), (1,)):
        found = [
            value
            for power in range(first, last + 1)
            for factor in factors
            if low <= (value := float(f"{factor}e{power}")) <= high
        ]
        if len(found) <= most:
            return found
    return found[:: math.ceil(len(found) / most)]


def label(value: float) -> str:
    """A round value as short text: `0.01`, `1e-5`, `20000`."""
    return _stepped(value, abs(value), abs(value))


def number(value: float, digits: int = 4) -> str:
    """A measured value with so many digits: `0.9713`, `1.2e-5`, `NaN`."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value == int(value) and abs(value) < _LARGE:
        return str(int(value))
    return _tidy(f"{value:.{digits}g}")


def extended(values: Sequence[float], share: float = 0.0) -> tuple[float, float]:
    """The range of the values with a margin, so that it is never empty."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    margin = (high * share - low * share) or abs(low) * 0.05 or 0.5
    if high / 2 - low / 2 > abs(low) * 1e-9 + 1e-300 and not share:
        return low, high
    largest = 1.7e308
    return max(low - margin, -largest), min(high + margin, largest)


def _stepped(value: float, step: float, largest: float) -> str:
    """The label of a value, with the digits that tell it from another in the distance of a step."""
    if value == 0 or not step:
        return f"{value:g}"
    place = math.floor(math.log10(step) + 1e-9)
    if _SMALL <= largest < _LARGE and -place <= _WIDEST:
        text = f"{value:.{max(0, -place)}f}"
        return text.rstrip("0").rstrip(".") if step == abs(value) and "." in text else text
    digits = max(0, math.floor(math.log10(abs(value)) + 1e-9) - place)
    return _tidy(f"{value:.{min(digits, 15)}e}")


def _tidy(text: str) -> str:
    """`1.50e-05` as `1.5e-5`."""
    mantissa, e, exponent = text.partition("e")
    if "." in mantissa and e:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}" if e else mantissa
