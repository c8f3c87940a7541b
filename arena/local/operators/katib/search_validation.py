"""What is wrong with the search of an Experiment: its parameters, its algorithm and their settings."""

from collections.abc import Iterator
from typing import Any

from arena.local.checks import items, mapping
from arena.local.field_errors import FieldError, duplicate, forbidden, invalid, missing, unsupported
from arena.local.objects import Object
from arena.local.operators.katib.kinds import MAXIMIZE

POPULATION = "pbt"
"""Needs a folder of checkpoints that all trials mount, which the local cluster does not give them."""
_TYPES = ("double", "int", "discrete", "categorical")
_DISTRIBUTIONS = ("uniform", "logUniform", "normal", "logNormal")
_RANGE = ("min", "max", "step")


def check_search(spec: Object) -> Iterator[FieldError]:
    """Yield what is wrong with the search."""
    algorithm, parameters = spec.get("algorithm"), spec.get("parameters")
    if spec.get("nasConfig") is not None:
        yield forbidden("spec.nasConfig", "the local cluster does not search for network architectures")
        return
    if not isinstance(parameters, list) or not parameters:
        yield missing("spec.parameters", "must be specified")
        return
    errors = [*_check_algorithm(algorithm), *_check_parameters(parameters)]
    yield from errors
    if not errors:
        yield from _check_together(spec)


def _check_algorithm(algorithm: Any) -> Iterator[FieldError]:
    if not mapping(algorithm).get("algorithmName"):
        yield missing("spec.algorithm.algorithmName", "must be specified")


def _check_parameters(parameters: list[Any]) -> Iterator[FieldError]:
    names: list[str] = []
    for index, one in enumerate(map(mapping, parameters)):
        path, name = f"spec.parameters[{index}]", one.get("name")
        if not isinstance(name, str) or not name:
            yield missing(f"{path}.name", "must be specified")
        elif name in names:
            yield duplicate(f"{path}.name", name)
        else:
            names.append(name)
        yield from _check_space(path, one)


def _check_space(path: str, parameter: Object) -> Iterator[FieldError]:
    kind, space = parameter.get("parameterType"), parameter.get("feasibleSpace")
    if kind not in _TYPES:
        yield unsupported(f"{path}.parameterType", kind, _TYPES)
        return
    where = f"{path}.feasibleSpace"
    if not isinstance(space, dict) or not space:
        yield missing(where, "must be specified")
        return
    if space.get("distribution") not in (None, "", *_DISTRIBUTIONS):
        yield unsupported(f"{where}.distribution", space["distribution"], _DISTRIBUTIONS)
    yield from (
        _check_range(where, kind, space) if kind in ("double", "int") else _check_list(where, kind, space)
    )


def _check_range(where: str, kind: str, space: Object) -> Iterator[FieldError]:
    if space.get("list"):
        yield forbidden(f"{where}.list", f"is not supported for parameterType: {kind}")
    for name in ("min", "max"):
        if not space.get(name):
            yield missing(f"{where}.{name}", f"must be specified for parameterType: {kind}")


def _check_list(where: str, kind: str, space: Object) -> Iterator[FieldError]:
    listed = space.get("list")
    if any(space.get(name) for name in _RANGE):
        yield forbidden(where, f"min, max and step are not supported for parameterType: {kind}")
    if not isinstance(listed, list) or not listed:
        yield missing(f"{where}.list", f"must be specified for parameterType: {kind}")


def _check_together(spec: Object) -> Iterator[FieldError]:
    """What the search itself says of the space, the algorithm and the budget."""
    # Late: a server without sweeps does not need them.
    from arena.search import algorithms, katib
    from arena.search.assignments import SearchError
    from arena.search.records import Objective

    try:
        space = katib.space_of(spec["parameters"])
    except SearchError as error:
        yield invalid("spec.parameters", [one["name"] for one in spec["parameters"]], str(error))
        return
    name, settings = spec["algorithm"]["algorithmName"], items(spec["algorithm"].get("algorithmSettings"))
    known = [one.katib for one in algorithms.ALGORITHMS.values() if one.katib and one.katib != POPULATION]
    if name not in known:
        yield unsupported("spec.algorithm.algorithmName", name, known)
        return
    goal = mapping(spec.get("objective"))
    objective = Objective(metric=str(goal.get("objectiveMetricName")), maximize=goal.get("type") == MAXIMIZE)
    given = {str(one.get("name")): str(one.get("value") or "") for one in settings}
    budget = algorithms.Budget(max_trials=spec.get("maxTrialCount") or None)
    try:
        algorithms.check(name, given, space, (objective,), budget)
    except SearchError as error:
        yield invalid("spec.algorithm", name, str(error))
    if lacking := algorithms.missing(name):
        yield invalid("spec.algorithm.algorithmName", name, lacking)
