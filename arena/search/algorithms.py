"""The algorithms of sweeps: their settings, and what each of them needs of a space."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec

from arena.search.assignments import SearchError, Value, brief, quoted
from arena.search.parameters import INT
from arena.search.records import Objective
from arena.search.setting import Setting
from arena.search.space import Space
from arena.tuples import NamedTuple
from arena.values import frozen


class Algorithm(NamedTuple):
    """A way to choose the next trials.

    `katib` is its name in Katib, "" if Katib lacks it; `requires` the package that arena's own search needs;
    `many` whether it takes several objectives; `stops` whether it ends trials early.
    """

    name: str
    katib: str
    settings: Mapping[str, Setting]
    requires: str = ""
    many: bool = False
    stops: bool = False


@frozen
class Budget:
    """How many trials may run.

    Attributes:
        max_trials: in total; None if there is no limit.
        parallel: at the same time.
    """

    max_trials: int | None = None
    parallel: int = 1


_STATE = {"random_state": Setting(int, None, 0, 2**32 - 1)}
_OWN_STATE = {"random_state": Setting(int, None, 0, 2**32 - 1, by="search")}
_HALVING = {"eta": Setting(int, 3, 2, 100)}

ALGORITHMS = {
    one.name: one
    for one in (
        Algorithm("random", "random", _STATE, many=True),
        Algorithm("grid", "grid", _STATE, many=True),
        Algorithm("sobol", "sobol", _OWN_STATE, "scipy", many=True),
        Algorithm(
            "tpe", "tpe",
            {
                "n_startup_trials": Setting(int, 10, 1, 10_000, by="search"),
                "n_EI_candidates": Setting(int, 24, 1, 10_000),
                "gamma": Setting(float, None, 0.001, 0.999),
                "prior_weight": Setting(float, None, 0.001, 1000.0),
                **_STATE,
            },
            "optuna", many=True,
        ),
        Algorithm(
            "multivariate-tpe", "multivariate-tpe",
            {
                "n_startup_trials": Setting(int, 10, 1, 10_000),
                "n_ei_candidates": Setting(int, 24, 1, 10_000),
                **_STATE,
            },
            "optuna", many=True,
        ),
        Algorithm(
            "bayesianoptimization", "bayesianoptimization",
            {
                "n_initial_points": Setting(int, 10, 1, 10_000),
                "base_estimator": Setting(str, None, choices=("GP", "RF", "ET", "GBRT"), by="katib"),
                "acq_func": Setting(
                    str, None, choices=("gp_hedge", "LCB", "EI", "PI", "EIps", "PIps"), by="katib"
                ),
                "acq_optimizer": Setting(str, None, choices=("auto", "sampling", "lbfgs"), by="katib"),
                **_STATE,
            },
            "torch", many=True,
        ),
        Algorithm(
            "cmaes", "cmaes",
            {
                "sigma": Setting(float, None, 1e-6, 1e6),
                "restart_strategy": Setting(str, "none", choices=("none", "ipop", "bipop")),
                "population_size": Setting(int, None, 2, 10_000, by="search"),
                **_STATE,
            },
            "cmaes",
        ),
        Algorithm(
            "nsga2", "",
            {
                "population_size": Setting(int, 20, 2, 10_000),
                "crossover_prob": Setting(float, 0.9, 0.0, 1.0),
                "mutation_prob": Setting(float, None, 0.0, 1.0),
                **_STATE,
            },
            "optuna", many=True,
        ),
        Algorithm(
            "pbt", "pbt",
            {
                "n_population": Setting(int, 10, 5, 10_000),
                "truncation_threshold": Setting(float, 0.2, 0.0, 0.5),
                "resample_probability": Setting(float, 0.25, 0.0, 1.0),
                "suggestion_trial_dir": Setting(str, "/opt/katib/data", by="katib"),
                **_OWN_STATE,
            },
        ),
        Algorithm(
            "hyperband", "hyperband",
            {"r_l": Setting(int, None, 1, 10**9), "resource_name": Setting(str), **_HALVING, **_OWN_STATE},
            stops=True,
        ),
        Algorithm(
            "asha", "",
            {
                "resource_name": Setting(str),
                "min_resource": Setting(int, None, 1, 10**9),
                "n_startup_trials": Setting(int, 10, 1, 10_000),
                "n_ei_candidates": Setting(int, 24, 1, 10_000),
                **_HALVING,
                **_STATE,
            },
            "optuna", stops=True,
        ),
    )
}  # fmt: skip

ALIASES = {"gp": "bayesianoptimization", "cma-es": "cmaes", "nsgaii": "nsga2", "qmc": "sobol"}

_INSTALL = {
    "optuna": "Optuna: pip install 'arena-jobs[sweep]'",
    "cmaes": "cmaes: pip install 'arena-jobs[sweep]'",
    "scipy": "SciPy: pip install 'arena-jobs[sweep]'",
    "torch": "Optuna and PyTorch: pip install 'arena-jobs[sweep]' torch",
}


def algorithm(name: str) -> Algorithm:
    """The algorithm with this name or alias.

    Raises:
        SearchError: if there is none.
    """
    found = ALGORITHMS.get(ALIASES.get(name, name))
    if found is None:
        from difflib import get_close_matches

        likely = get_close_matches(name.lower(), [*ALGORITHMS, *ALIASES], 1, 0.6)
        hint = f"did you mean {likely[0]}?" if likely else f"give one of {', '.join(ALGORITHMS)}"
        raise SearchError(f"there is no algorithm {quoted(name)}; {hint}")
    return found


def missing(name: str) -> str:
    """What arena's own search lacks for the algorithm, as a sentence; "" if nothing."""
    one = algorithm(name)
    needed = ("optuna", "torch") if one.requires == "torch" else (one.requires,) if one.requires else ()
    if all(find_spec(package) for package in needed):
        return ""
    return f"{name} needs {_INSTALL[one.requires]}"


def settings_of(name: str, given: Mapping[str, Value]) -> dict[str, Value]:
    """The given settings with their types, and the defaults of the others that have one.

    Raises:
        SearchError: if a setting is unknown or wrong.
    """
    one = algorithm(name)
    for key in given:
        if key not in one.settings:
            known = ", ".join(one.settings)
            raise SearchError(f"{one.name} has no setting {quoted(key)}; its settings are {known}")
    made: dict[str, Value] = {}
    for key, setting in one.settings.items():
        if key in given:
            made[key] = setting.read(key, given[key])
        elif setting.default is not None and setting.by != "katib":
            made[key] = setting.default
    return made


def check(
    name: str,
    settings: Mapping[str, Value],
    space: Space,
    objectives: Sequence[Objective],
    budget: Budget = Budget(),  # noqa: B008 - frozen
) -> None:
    """Check that the algorithm can search this space with these settings.

    Raises:
        SearchError: says what it cannot do.
    """
    one = algorithm(name)
    made = settings_of(name, settings)
    _check_objectives(one, objectives)
    _check_budget(one, made, budget)
    if one.name == "grid":
        _check_grid(space)
    if one.name == "cmaes":
        _check_cmaes(space)
    if one.name in ("hyperband", "asha"):
        _check_resource(one, made, space)
    if one.name == "pbt" and any(parameter.condition for parameter in space.parameters):
        raise SearchError("pbt changes the values of trials, so it takes no conditions")
    space.check_possible()


def _check_objectives(one: Algorithm, objectives: Sequence[Objective]) -> None:
    names = [objective.metric for objective in objectives]
    if not names:
        raise SearchError("a sweep needs a metric")
    for name in names:
        if names.count(name) > 1:
            raise SearchError(f"the metric {quoted(name)} is given {names.count(name)} times")
    if len(names) > 1 and not one.many:
        able = ", ".join(other.name for other in ALGORITHMS.values() if other.many)
        raise SearchError(f"{one.name} takes one metric, and {len(names)} are given; for several, use {able}")


def _check_budget(one: Algorithm, settings: Mapping[str, Value], budget: Budget) -> None:
    if budget.parallel < 1 or (budget.max_trials is not None and budget.max_trials < 1):
        raise SearchError("a sweep needs at least one trial, and at least one at a time")
    population = settings.get("n_population", settings.get("population_size"))
    if isinstance(population, int) and budget.max_trials is not None and population > budget.max_trials:
        raise SearchError(
            f"{one.name} has a population of {population}, which is more than the {budget.max_trials} trials"
        )


def _check_grid(space: Space) -> None:
    for parameter in space.parameters:
        if parameter.count() is None:
            low, high = parameter.bounds()
            raise SearchError(
                f"grid needs a step for {parameter.name}, as in"
                f" {parameter.name}=uniform:{brief(low)}..{brief(high)}:{brief((high - low) / 10)}"
            )


def _check_cmaes(space: Space) -> None:
    numbers = [one for one in space.parameters if one.is_number() and not one.is_fixed()]
    if len(numbers) < 2:
        raise SearchError("cmaes needs at least two parameters with a range of numbers; use tpe")
    for one in space.parameters:
        if one.condition:
            raise SearchError(
                f"cmaes takes no conditions, and {one.name} has {quoted(one.condition)}; use tpe"
            )


def _check_resource(one: Algorithm, settings: Mapping[str, Value], space: Space) -> None:
    name = settings.get("resource_name")
    if name is None:
        if one.name == "hyperband":
            raise SearchError(
                "hyperband needs the setting resource_name, the parameter with the number of epochs"
            )
        return
    parameter = space.parameter(str(name))
    if parameter.kind != INT or parameter.step is not None or parameter.condition:
        raise SearchError(
            f"the resource of {one.name}, {name}, must be a range of whole numbers, as in {name}=int:1..27"
        )
    low, high = parameter.bounds()
    if low < 1:
        raise SearchError(f"the resource of {one.name}, {name}, must start at 1 or more")
    most = settings.get("r_l")
    if one.name == "hyperband" and most is None:
        raise SearchError(f"hyperband needs the setting r_l, the most that a trial gets of {name}")
    if isinstance(most, int) and not low <= most <= high:
        raise SearchError(
            f"the setting r_l is {most}, which {name} cannot be, from {brief(low)} to {brief(high)}"
        )
