"""A space as the `parameters` of a Katib Experiment, in which every value is a text."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from arena.search.assignments import NUMBER, Assignments, SearchError, Value, quoted, shown, typed
from arena.search.parameters import CATEGORICAL, DISCRETE, INT, UNIFORM, Parameter
from arena.search.space import Space


def parameters_of(space: Space) -> list[dict[str, Any]]:
    """The space as Katib takes it.

    Raises:
        SearchError: if it has conditions or constraints, which Katib lacks.
    """
    if space.constraints:
        raise SearchError(f"Katib has no constraints such as {quoted(space.constraints[0])}")
    return [parameter_of(one) for one in space.parameters]


def parameter_of(one: Parameter) -> dict[str, Any]:
    """One parameter as Katib takes it.

    Raises:
        SearchError: if it has a condition.
    """
    if one.condition:
        raise SearchError(f"Katib has no conditions, and {one.name} has {quoted(one.condition)}")
    if not one.is_number():
        feasible: dict[str, Any] = {"list": [shown(choice) for choice in one.choices]}
        return {"name": one.name, "parameterType": one.kind, "feasibleSpace": feasible}
    low, high = one.bounds()
    feasible = {"min": shown(low), "max": shown(high)}
    if one.step is not None:
        feasible["step"] = shown(one.step)
    if one.distribution != UNIFORM:
        feasible["distribution"] = one.distribution
    return {"name": one.name, "parameterType": one.kind, "feasibleSpace": feasible}


def space_of(parameters: Iterable[Mapping[str, Any]]) -> Space:
    """The space of an Experiment.

    Raises:
        SearchError: if a parameter is none that Katib takes.
    """
    return Space(parameters=tuple(map(read_parameter, parameters)))


def read_parameter(given: Mapping[str, Any]) -> Parameter:
    """One parameter of an Experiment; `space_of` checks it as a whole.

    Raises:
        SearchError: if a field is missing or no number.
    """
    name, kind = str(given.get("name") or ""), str(given.get("parameterType") or "")
    feasible = given.get("feasibleSpace")
    if not isinstance(feasible, Mapping):
        raise SearchError(f"{name} has no feasibleSpace")
    if kind in (CATEGORICAL, DISCRETE):
        listed = feasible.get("list") or ()
        if isinstance(listed, str) or not isinstance(listed, Sequence):
            raise SearchError(f"{name} has a list that is none")
        choices = tuple(_number(name, one) if kind == DISCRETE else typed(str(one)) for one in listed)
        return Parameter(name=name, kind=kind, choices=choices)
    low, high, step = (_bound(name, kind, feasible.get(one)) for one in ("min", "max", "step"))
    distribution = str(feasible.get("distribution") or UNIFORM)
    return Parameter(name=name, kind=kind, low=low, high=high, step=step, distribution=distribution)


def assignments_of(pairs: Iterable[Mapping[str, Any]], parameters: Sequence[Parameter]) -> dict[str, Value]:
    """The values of `parameterAssignments`, with the types of their parameters.

    What is no value of its parameter stays a text, or the number that is shown as this text.
    """
    known = {one.name: one for one in parameters}
    return {
        str(one.get("name")): _read(known.get(str(one.get("name"))), str(one.get("value"))) for one in pairs
    }


def pairs_of(assignments: Assignments) -> list[dict[str, str]]:
    """The values as `parameterAssignments`."""
    return [{"name": name, "value": shown(value)} for name, value in assignments.items()]


def _read(parameter: Parameter | None, text: str) -> Value:
    try:
        return typed(text) if parameter is None else parameter.read(text)
    except SearchError:
        return typed(text)


def _bound(name: str, kind: str, text: Any) -> float | None:
    if text is None or text == "":
        return None
    number = _number(name, text)
    if kind != INT:
        return float(number)
    return int(number) if number == int(number) else number


def _number(name: str, given: Any) -> int | float:
    text = str(given).strip()
    if len(text) > 400 or not NUMBER.fullmatch(text):
        raise SearchError(f"{name} has {quoted(text)} where a number must be")
    whole = text.lstrip("+-")
    number = int(text) if whole.isdecimal() and len(whole) <= 100 else float(text)
    if number in (float("inf"), float("-inf")):
        raise SearchError(f"{name} has {quoted(text)}, which is too large")
    return number
