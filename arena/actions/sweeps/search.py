"""Settle a search: the limits of a sweep, and its algorithm as Katib takes it."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arena.errors import SpecError
from arena.kinds.sweeps.experiment import Budget
from arena.kinds.sweeps.spec import TENSORBOARD, TRIALS, SweepSpec
from arena.model.sweeps import Goal
from arena.search import algorithms, katib, stopping
from arena.search.algorithms import ALGORITHMS, Algorithm
from arena.search.assignments import SearchError, shown
from arena.search.records import Objective
from arena.search.space import Space
from arena.search.stopping import Stopping

if TYPE_CHECKING:
    from arena.actions.submit.submit import Tell

SEED = "random_state"
SEEDED = ("random", "grid", "tpe", "multivariate-tpe", "bayesianoptimization", "cmaes")
"""Algorithms that Katib can repeat."""
REQUIRED = ("pbt",)
"""Algorithms of Katib of which every setting must be given."""


def settled(spec: SweepSpec, *, here: bool, tell: Tell) -> tuple[Budget, dict[str, Any]]:
    """Check a search, and return its limits and its algorithm.

    Args:
        spec: the options.
        here: whether the local cluster runs it, so that this machine needs the packages of the algorithm.
        tell: called with each remark.

    Raises:
        SpecError: something cannot be used, or only by other engines than Katib.
    """
    space = spec.space
    try:
        one = algorithms.algorithm(spec.algorithm)
        settings = _settings(spec, one)
        budget = _budget(spec, one, space, tell)
        if one.name == "hyperband":
            _check_brackets(spec, budget)
        first, *_ = spec.goals
        objective = Objective(metric=first.metric, maximize=first.maximize, goal=first.goal)
        limits = algorithms.Budget(max_trials=budget.max_trials, parallel=budget.parallel)
        algorithms.check(one.name, settings, space, [objective], limits)
        katib.parameters_of(space)
    except SearchError as error:
        raise SpecError(str(error)) from error
    _check_early_stop(spec, one)
    if here and (lacking := algorithms.missing(one.name)):
        raise SpecError(lacking, "or choose --algorithm random")
    return budget, _algorithm(one, settings)


def own(spec: SweepSpec, *, tell: Tell) -> SweepSpec:
    """Check a search that this process runs, and return it with all its limits and a seed.

    Raises:
        SpecError: something cannot be used, or a package is missing here.
    """
    space, given = spec.space, dict(spec.algorithm_setting)
    try:
        one = algorithms.algorithm(spec.algorithm)
        algorithms.settings_of(one.name, given)
        for name in given:
            if one.settings[name].by == "katib":
                raise SpecError(f"--algorithm-setting: only Katib's {one.name} has {name}", "omit it")
        budget = _budget(spec, one, space, tell)
        objectives = [
            Objective(metric=goal.metric, maximize=goal.maximize, goal=goal.goal) for goal in optimized(spec)
        ]
        limits = algorithms.Budget(max_trials=budget.max_trials, parallel=budget.parallel)
        algorithms.check(one.name, given, space, objectives, limits)
    except SearchError as error:
        raise SpecError(str(error)) from error
    _check_early_stop(spec, one)
    if lacking := algorithms.missing(one.name):
        raise SpecError(lacking, "or choose --algorithm random")
    if spec.source == TENSORBOARD:
        raise SpecError(
            "--metrics-from tensorboard: a sweep that this command runs reads no event files",
            "print lines such as loss=0.1, or write them to a file for --metrics-file",
        )
    seed = spec.seed or str(random.randrange(1 << 31))
    return replace(
        spec, max_trials=budget.max_trials, parallel=budget.parallel, max_failed=budget.max_failed, seed=seed
    )


def stopping_of(spec: SweepSpec, objective: Objective) -> Stopping | None:
    """The rule that ends trials early; None if there is none."""
    given, name = dict(spec.algorithm_setting), spec.early_stop
    if not stops_by(spec):
        return None
    if not name:
        own: dict[str, Any] = {key: given[key] for key in ("eta", "min_resource") if key in given}
        return stopping.stopping("asha", own, objective)
    return stopping.stopping(name, spec.early_stop_setting, objective)


def stops_by(spec: SweepSpec) -> str:
    """The option that ends trials early, such as `--early-stop median`; "" if none does."""
    if spec.early_stop:
        return f"--early-stop {spec.early_stop}"
    stops = algorithms.algorithm(spec.algorithm).name == "asha"
    return "--algorithm asha" if stops and "resource_name" not in dict(spec.algorithm_setting) else ""


def optimized(spec: SweepSpec) -> tuple[Goal, ...]:
    """The metrics that a search optimizes: all if the algorithm weighs them against each other."""
    return spec.goals if spec.algorithm == "nsga2" else spec.goals[:1]


def _settings(spec: SweepSpec, one: Algorithm) -> dict[str, Any]:
    """The given settings and the seed, by Katib's names; raises SearchError and SpecError."""
    if not one.katib:
        known = ", ".join(name for name, each in ALGORITHMS.items() if each.katib)
        raise SpecError(f"--algorithm: Katib has no {one.name}", f"choose {known}")
    given: dict[str, Any] = dict(spec.algorithm_setting)
    algorithms.settings_of(one.name, given)
    for name in given:
        if one.settings[name].by == "search":
            raise SpecError(f"--algorithm-setting: Katib's {one.name} has no {name}", "omit it")
    if spec.seed and one.name not in SEEDED:
        raise SpecError(f"--seed: Katib's {one.name} takes none", f"omit it, or use {', '.join(SEEDED)}")
    if spec.seed and SEED in given:
        raise SpecError(f"--seed is given, and --algorithm-setting {SEED}, too", "give one of them")
    return given | ({SEED: spec.seed} if spec.seed else {})


def _algorithm(one: Algorithm, given: dict[str, Any]) -> dict[str, Any]:
    every = algorithms.settings_of(one.name, given)
    sent = {
        name: value
        for name, value in every.items()
        if name in given or (one.name in REQUIRED and one.settings[name].by != "search")
    }
    if one.name in REQUIRED:
        more = {name: each.default for name, each in one.settings.items() if each.default is not None}
        sent = {**more, **sent}
    settings = [{"name": name, "value": shown(value)} for name, value in sent.items()]
    return {"algorithmName": one.katib, **({"algorithmSettings": settings} if settings else {})}


def _budget(spec: SweepSpec, one: Algorithm, space: Space, tell: Tell) -> Budget:
    """The limits, of which none contradicts another."""
    size = None if one.stops else space.size()
    most = spec.max_trials or (size if one.name == "grid" and size else min(TRIALS, size or TRIALS))
    if size and most > size:
        tell(f"Warning: --max-trials {most}: there are only {size} combinations, and none is tried twice")
        most = size
    for name in ("parallel", "max_failed"):
        value, flag = getattr(spec, name), f"--{name.replace('_', '-')}"
        if name in spec.given and value > (spec.max_trials or most):
            raise SpecError(
                f"{flag} {value} is more than the number of trials, {spec.max_trials or most}",
                f"give at most {spec.max_trials or most}, or more with --max-trials",
            )
    return Budget(max_trials=most, parallel=min(spec.parallel, most), max_failed=min(spec.max_failed, most))


def _check_brackets(spec: SweepSpec, budget: Budget) -> None:
    """Check that the first trials of Hyperband can run at the same time, which Katib requires."""
    made = algorithms.settings_of("hyperband", spec.algorithm_setting)
    most, eta = made.get("r_l"), made["eta"]
    assert isinstance(eta, int)
    width = 1
    while isinstance(most, int) and width * eta <= most:
        width *= eta
    if budget.parallel < width:
        raise SpecError(
            f"hyperband starts {width} trials at once for r_l={most} and eta={eta}, "
            f"and {budget.parallel} may run",
            f"give --parallel {width} and --max-trials of at least that, or a smaller r_l",
        )


def _check_early_stop(spec: SweepSpec, one: Algorithm) -> None:
    if spec.early_stop and one.stops:
        raise SpecError(
            f"--early-stop {spec.early_stop}: {one.name} ends bad trials itself", "omit one of them"
        )
    if not spec.early_stop:
        if spec.early_stop_setting:
            raise SpecError("--early-stop-setting needs the rule", "give --early-stop median")
        return
    first, *_ = spec.goals
    try:
        stopping.stopping(
            spec.early_stop,
            spec.early_stop_setting,
            Objective(metric=first.metric, maximize=first.maximize, goal=first.goal),
        )
    except SearchError as error:
        raise SpecError(f"--early-stop-setting: {error}") from error
