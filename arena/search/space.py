"""The space of a sweep: its parameters, when they are active, and which combinations are allowed."""

import math
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from arena.search.assignments import Assignments, SearchError, Value, quoted, shown
from arena.search.expressions import Expression, expression
from arena.search.parameters import Parameter, check_parameter
from arena.values import field, frozen

COUNTED = 100_000
"""Combinations that are counted one by one where conditions or constraints leave some out."""
TRIED = 10_000
"""Random combinations of which one must be allowed, where there are too many to look at each."""


@frozen
class Space:
    """Parameters and constraints, which are checked when it is made.

    Attributes:
        parameters: with unique names.
        constraints: expressions that every combination fulfils. One that names an inactive parameter
            does not apply.
        plan: what is computed of both once.

    Raises:
        SearchError: says what is wrong with a parameter, a condition or a constraint.
    """

    parameters: tuple[Parameter, ...]
    constraints: tuple[str, ...] = ()
    plan: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.parameters:
            raise SearchError("a sweep needs at least one parameter")
        object.__setattr__(self, "plan", _Plan(self.parameters, self.constraints))

    def parameter(self, name: str) -> Parameter:
        """The parameter with this name.

        Raises:
            SearchError: if there is none.
        """
        for one in self.parameters:
            if one.name == name:
                return one
        names = ", ".join(one.name for one in self.parameters)
        raise SearchError(f"there is no parameter {quoted(name)}; the sweep has {names}")

    def filled(self, choose: Callable[[Parameter], Value]) -> dict[str, Value]:
        """A combination in the order of the parameters: `choose` is asked for each active one.

        A parameter is asked for after those that its condition names. Constraints are not looked at.
        """
        plan: _Plan = self.plan
        made: dict[str, Value] = {}
        for one in plan.order:
            if plan.is_active(one, made):
                made[one.name] = choose(one)
        return {one.name: made[one.name] for one in self.parameters if one.name in made}

    def active(self, assignments: Assignments) -> tuple[Parameter, ...]:
        """The parameters whose conditions hold for these values.

        A condition that names a parameter without a value does not hold.
        """
        plan: _Plan = self.plan
        return tuple(one for one in self.parameters if plan.is_active(one, assignments))

    def is_allowed(self, assignments: Assignments) -> bool:
        """Whether all constraints hold that apply to these values."""
        plan: _Plan = self.plan
        return all(plan.is_fulfilled(one, assignments) for one in plan.constraints)

    def check(self, assignments: Assignments) -> dict[str, Value]:
        """The combination with typed values; texts such as `0.1` are read.

        Raises:
            SearchError: if a value is missing, not in the space, not active or unknown, or if the
                combination violates a constraint.
        """
        for name in assignments:
            self.parameter(name)
        made = self.filled(lambda one: one.read(_given(assignments, one.name)))
        for name in assignments:
            if name not in made:
                condition = self.parameter(name).condition
                raise SearchError(
                    f"{name} has no value here, since its condition {quoted(condition)} does not hold"
                )
        plan: _Plan = self.plan
        for one in plan.constraints:
            if not plan.is_fulfilled(one, made):
                pairs = ", ".join(f"{name}={shown(value)}" for name, value in made.items())
                raise SearchError(f"{pairs} violates the constraint {quoted(one.text)}")
        return made

    def size(self) -> int | None:
        """The number of combinations; None if there are infinitely many.

        Up to COUNTED combinations are counted; beyond these, those that a condition or a constraint leaves
        out are included.
        """
        counts = [one.count() for one in self.parameters]
        if any(one is None for one in counts):
            return None
        most = math.prod(one for one in counts if one is not None)
        is_plain = not self.constraints and not any(one.condition for one in self.parameters)
        if is_plain or most > COUNTED:
            return most
        return sum(1 for _ in self.combinations())

    def combinations(self) -> Iterator[dict[str, Value]]:
        """All allowed combinations, like nested loops: the last parameter changes first.

        Raises:
            SearchError: if a parameter has infinitely many values.
        """
        for one in self.parameters:
            if one.count() is None:
                raise SearchError(f"{one.name} has infinitely many values; give it a step")
        plan: _Plan = self.plan
        for made in plan.nested({}, 0):
            yield {one.name: made[one.name] for one in self.parameters if one.name in made}

    def check_possible(self) -> None:
        """Check that some combination is allowed.

        Raises:
            SearchError: if none of all combinations is allowed, or none of TRIED random ones.
        """
        if not self.constraints:
            return
        counts = [one.count() for one in self.parameters]
        finite = [one for one in counts if one is not None]
        if len(finite) == len(counts) and math.prod(finite) <= COUNTED:
            if next(self.combinations(), None) is None:
                raise SearchError(f"no combination of the parameters fulfils {self._constraints()}")
            return
        from arena.search.quantiles import value_at

        random = Random(0)
        tried = (self.filled(lambda one: value_at(one, random.random())) for _ in range(TRIED))
        if not any(map(self.is_allowed, tried)):
            raise SearchError(f"none of {TRIED:,} random combinations fulfils {self._constraints()}")

    def _constraints(self) -> str:
        texts = " and ".join(map(quoted, self.constraints))
        return f"the constraint {texts}" if len(self.constraints) == 1 else f"the constraints {texts}"


class _Plan:
    """What a space needs for each combination: parsed expressions, and the order of its parameters."""

    def __init__(self, parameters: tuple[Parameter, ...], constraints: tuple[str, ...]) -> None:
        names = [one.name for one in parameters]
        for one in parameters:
            check_parameter(one)
            if names.count(one.name) > 1:
                raise SearchError(f"the parameter {one.name} is given {names.count(one.name)} times")
        self.names = set(names)
        self.words: dict[str, Value] = {
            word: word for one in parameters for word in one.choices if isinstance(word, str)
        }
        self.conditions = {one.name: self.parsed(one.condition) for one in parameters if one.condition}
        self.constraints = [self.parsed(one) for one in constraints]
        self.order = self.ordered(parameters)
        self.early = self.earliest()
        self.check_types()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Plan)  # spaces are compared by what it is made of

    def __hash__(self) -> int:
        return 0

    def check_types(self) -> None:
        """Compute every expression once: a wrong type raises a SearchError."""
        values = self.scope({one.name: one.first() for one in self.order})
        for one in (*self.conditions.values(), *self.constraints):
            one.holds(values)

    def parsed(self, text: str) -> Expression:
        """The expression, whose names are all parameters or choices."""
        parsed = expression(text)
        for name in sorted(parsed.names):
            if name not in self.names and name not in self.words:
                known = ", ".join(sorted(self.names))
                raise SearchError(f"{quoted(text)} names {name}, which is no parameter of the sweep: {known}")
        if not parsed.names & self.names:
            raise SearchError(f"{quoted(text)} names no parameter, so it is always true or always false")
        return parsed

    def needs(self, name: str) -> set[str]:
        """The parameters that the condition of this one names."""
        return set(self.conditions[name].names & self.names) if name in self.conditions else set()

    def ordered(self, parameters: tuple[Parameter, ...]) -> list[Parameter]:
        """The parameters, each after those that its condition names, else in the given order."""
        order: list[Parameter] = []
        left = list(parameters)
        while left:
            placed = {one.name for one in order}
            ready = next((one for one in left if self.needs(one.name) <= placed), None)
            if ready is None:
                raise SearchError(self.circle(left[0].name, placed))
            order.append(ready)
            left.remove(ready)
        return order

    def circle(self, name: str, placed: set[str]) -> str:
        """What is wrong with the conditions, each of which needs a parameter that is not placed."""
        path = [name]
        while (after := min(self.needs(path[-1]) - placed)) not in path:
            path.append(after)
        names = path[path.index(after) :]
        if len(names) == 1:
            return f"the condition of {names[0]} names {names[0]} itself"
        return f"the conditions of {' and '.join(sorted(names))} depend on each other in a circle"

    def earliest(self) -> list[list[Expression]]:
        """For each place in the order, the constraints whose last parameter stands there."""
        place = {one.name: at for at, one in enumerate(self.order)}
        early: list[list[Expression]] = [[] for _ in self.order]
        for one in self.constraints:
            early[max(place[name] for name in one.names & self.names)].append(one)
        return early

    def is_active(self, parameter: Parameter, values: Assignments) -> bool:
        condition = self.conditions.get(parameter.name)
        if condition is None:
            return True
        return self.applies(condition, values) and condition.holds(self.scope(values))

    def is_fulfilled(self, constraint: Expression, values: Assignments) -> bool:
        return not self.applies(constraint, values) or constraint.holds(self.scope(values))

    def applies(self, one: Expression, values: Assignments) -> bool:
        return one.names & self.names <= values.keys()

    def scope(self, values: Assignments) -> dict[str, Value]:
        return {**self.words, **values}

    def nested(self, made: dict[str, Value], at: int) -> Iterator[dict[str, Value]]:
        """The combinations that begin with these values of the first parameters of the order."""
        if at == len(self.order):
            yield made
            return
        one = self.order[at]
        values = one.values() if self.is_active(one, made) else iter([None])
        for value in values:
            longer = made if value is None else {**made, one.name: value}
            if all(self.is_fulfilled(constraint, longer) for constraint in self.early[at]):
                yield from self.nested(longer, at + 1)


def _given(assignments: Assignments, name: str) -> Value:
    if name not in assignments:
        raise SearchError(f"{name} has no value")
    return assignments[name]
