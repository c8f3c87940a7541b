"""One parameter of a space: its values, their order, and how they are drawn."""

import math
from collections.abc import Iterator

from arena.search.assignments import NUMBER, SearchError, Value, brief, quoted, shown
from arena.values import frozen

DOUBLE, INT, CATEGORICAL, DISCRETE = KINDS = ("double", "int", "categorical", "discrete")
UNIFORM, LOG_UNIFORM, NORMAL, LOG_NORMAL = DISTRIBUTIONS = ("uniform", "logUniform", "normal", "logNormal")
EXACT = 2**53
"""Whole numbers up to this one are exact in every sampler."""
MOST_CHOICES = 1000
LONGEST_NUMBER = 400
"""Characters of a number; longer ones are no finite values, and slow to read."""


@frozen
class Parameter:
    """A parameter as Katib describes one; what is fixed is a categorical one with a single choice.

    Attributes:
        name: unique in the space.
        kind: `double`, `int`, `categorical`, or `discrete`: numbers in order.
        low: the least value of a number; an int of kind `int`, a float of kind `double`.
        high: the greatest value. A normal distribution has its mean halfway between both, which are three
            standard deviations away from it; nothing beyond them is drawn. So has the logarithm of a
            logNormal one.
        step: the difference of neighbours, counted from `low`; None if there is none.
        distribution: `uniform`, `logUniform`, `normal` or `logNormal`.
        choices: the values of a categorical or discrete parameter.
        condition: an expression of other parameters; "" if it is always active.
    """

    name: str
    kind: str
    low: float | None = None
    high: float | None = None
    step: float | None = None
    distribution: str = UNIFORM
    choices: tuple[Value, ...] = ()
    condition: str = ""

    def is_number(self) -> bool:
        """Whether it has bounds, in contrast to choices."""
        return self.kind in (DOUBLE, INT)

    def is_log(self) -> bool:
        """Whether its logarithm is what is spread."""
        return self.distribution in (LOG_UNIFORM, LOG_NORMAL)

    def is_fixed(self) -> bool:
        """Whether it has a single value."""
        return self.count() == 1

    def bounds(self) -> tuple[float, float]:
        """The least and the greatest value of a number; both are ints of kind `int`."""
        if self.low is None or self.high is None:
            raise SearchError(f"{self.name} needs a least and a greatest value")
        return self.low, self.high

    def count(self) -> int | None:
        """The number of its values; None if they are infinitely many."""
        if not self.is_number():
            return len(self.choices)
        low, high = self.bounds()
        if low == high:
            return 1
        if self.kind == INT:
            return int((high - low) // (self.step or 1)) + 1
        return None if self.step is None else _steps(low, high, self.step) + 1

    def values(self) -> Iterator[Value]:
        """All its values in order; of one without an end, none."""
        if not self.is_number():
            yield from self.choices
        else:
            for at in range(self.count() or 0):
                yield self.at(at)

    def first(self) -> Value:
        """The first choice, or the least value."""
        return self.choices[0] if self.choices else self.bounds()[0]

    def at(self, index: int) -> Value:
        """The value with this index; exact, as in 0, 0.1, 0.2, 0.3."""
        if not self.is_number():
            return self.choices[index]
        low, _ = self.bounds()
        if self.kind == INT:
            return int(low + index * (self.step or 1))
        return _stepped(low, index, self.step) if self.step else low

    def nearest(self, number: float) -> Value:
        """The value of a number's space that is next to this one."""
        low, high = self.bounds()
        within = min(max(number, low), high)
        return float(within) if self.count() is None else self.at(self.index(within))

    def index(self, number: float) -> int:
        """The index of the value next to a number within the bounds."""
        low, _ = self.bounds()
        last = (self.count() or 1) - 1
        if self.kind == INT:
            step = int(self.step or 1)
            return min((round(number) - int(low) + step // 2) // step, last)
        return min(_nearest_step(low, number, self.step), last) if self.step else 0

    def place(self, choice: Value) -> int:
        """The index of a choice; False and 0 are different ones."""
        return [shown(one) for one in self.choices].index(shown(choice))

    def read(self, given: Value) -> Value:
        """The value of its space that this is, with its type; texts such as `0.1` are read.

        Raises:
            SearchError: if it is none.
        """
        if not isinstance(given, int | float | str):  # from others' objects
            raise SearchError(f"{quoted(str(given))} is not a value of {self.name}")
        if not self.is_number():
            return self._choice(given)
        number = _numeric(given)
        low, high = self.bounds()
        if isinstance(number, bool | str) or not low <= number <= high:
            raise SearchError(
                f"{quoted(shown(given))} is not a value of {self.name}, from {brief(low)} to {brief(high)}"
            )
        value = self.nearest(number)
        assert isinstance(value, int | float)
        if not math.isclose(value, number, rel_tol=1e-9, abs_tol=1e-9 * (self.step or 0)):
            step = (
                "a whole number" if self.step is None else f"in steps of {brief(self.step)} from {brief(low)}"
            )
            raise SearchError(f"{shown(given)} is not a value of {self.name}, which is {step}")
        return value

    def _choice(self, given: Value) -> Value:
        for one in self.choices:
            if shown(one) == shown(given):
                return one
        given = _numeric(given)
        for one in self.choices:
            if not isinstance(given, bool | str) and not isinstance(one, bool | str) and one == given:
                return one
        known = ", ".join(map(shown, self.choices[:10])) + (", ..." if len(self.choices) > 10 else "")
        raise SearchError(f"{quoted(shown(given))} is not a value of {self.name}: {known}")


def _numeric(given: Value) -> Value:
    """The number that a text is; anything else as it is."""
    if not isinstance(given, str) or len(given) > LONGEST_NUMBER or not NUMBER.fullmatch(given):
        return given
    return int(given) if given.lstrip("+-").isdecimal() else float(given)


def check_parameter(one: Parameter) -> None:
    """Check that the parameter makes sense by itself.

    Raises:
        SearchError: says what is wrong with it.
    """
    if not one.name or len(one.name) > 100 or not one.name.isprintable():
        raise SearchError(f"{quoted(ascii(one.name)[1:-1])} is not the name of a parameter")
    if one.kind not in KINDS:
        raise SearchError(
            f"{one.name} is of the unknown kind {quoted(one.kind)}; the kinds are {', '.join(KINDS)}"
        )
    if one.distribution not in DISTRIBUTIONS:
        known = ", ".join(DISTRIBUTIONS)
        raise SearchError(
            f"{one.name} has the unknown distribution {quoted(one.distribution)}; give one of {known}"
        )
    if one.is_number():
        _check_number(one)
    else:
        _check_choices(one)


def _check_number(one: Parameter) -> None:
    if one.choices:
        raise SearchError(f"{one.name} has both bounds and choices")
    low, high = one.bounds()
    numbers = [low, high] if one.step is None else [low, high, one.step]
    if not all(map(math.isfinite, numbers)):
        raise SearchError(f"{one.name} has a bound that is not finite")
    if one.kind == INT and not all(isinstance(number, int) and abs(number) <= EXACT for number in numbers):
        raise SearchError(f"{one.name} needs whole numbers of at most {EXACT}")
    if low > high:
        raise SearchError(f"{one.name} starts at {brief(low)}, which is more than its end, {brief(high)}")
    if not math.isfinite(high - low):
        raise SearchError(f"{one.name} has bounds that are too far apart")
    if one.is_log() and low <= 0:
        raise SearchError(f"{one.name} is logarithmic, so it must start above 0, and not at {brief(low)}")
    if one.step is not None and one.step <= 0:
        raise SearchError(f"{one.name} needs a step above 0, and not {brief(one.step)}")
    if one.step is not None and one.step > high - low > 0:
        raise SearchError(
            f"{one.name} has a step of {brief(one.step)}, which leads beyond its end, {brief(high)}"
        )
    if one.kind == DOUBLE and one.step is not None and (high - low) / one.step > EXACT:
        raise SearchError(f"{one.name} has a step of {brief(one.step)}, which is too small for its range")


def _check_choices(one: Parameter) -> None:
    if one.low is not None or one.high is not None or one.step is not None:
        raise SearchError(f"{one.name} has both bounds and choices")
    if not one.choices:
        raise SearchError(f"{one.name} has no values to choose from")
    if len(one.choices) > MOST_CHOICES:
        raise SearchError(
            f"{one.name} has {len(one.choices)} values to choose from; at most {MOST_CHOICES} are allowed"
        )
    texts = [shown(choice) for choice in one.choices]
    for text in texts:
        if texts.count(text) > 1:
            raise SearchError(f"{one.name} has the value {quoted(text)} twice")
    numbers = [choice for choice in one.choices if isinstance(choice, int | float)]
    if not all(map(math.isfinite, numbers)):
        raise SearchError(f"{one.name} has a value that is not finite")
    if one.kind == DISCRETE and any(isinstance(choice, bool | str) for choice in one.choices):
        raise SearchError(f"{one.name} is discrete, so all its values must be numbers")


# Decimal fractions are exact: from 0.0 to 0.3 are three steps of 0.1, and the last one ends at 0.3.


def _steps(low: float, high: float, step: float) -> int:
    from fractions import Fraction

    return int((Fraction(repr(high)) - Fraction(repr(low))) / Fraction(repr(step)))


def _stepped(low: float, index: int, step: float) -> float:
    from fractions import Fraction

    return float(Fraction(repr(low)) + index * Fraction(repr(step)))


def _nearest_step(low: float, number: float, step: float) -> int:
    from fractions import Fraction

    return round((Fraction(repr(number)) - Fraction(repr(low))) / Fraction(repr(step)))
