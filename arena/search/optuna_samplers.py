"""The samplers of Optuna, which is imported when one is made."""

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from arena.search.assignments import SearchError, Value, shown
from arena.search.parameters import CATEGORICAL, DISCRETE, DOUBLE, INT, UNIFORM, Parameter
from arena.search.quantiles import rank_of, value_at
from arena.search.records import STOPPED, Objective, Record
from arena.search.samplers import Proposal
from arena.search.space import Space

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.trial import Trial


class OptunaSampler:
    """A study of Optuna in memory, which learns each trial once.

    With the same seed, it proposes what Optuna itself would in a loop of `ask` and `tell`.
    """

    fallback, waits = "draw", False

    def __init__(self, space: Space, objectives: Sequence[Objective], sampler: "BaseSampler") -> None:
        import optuna

        self.space = space
        self.objectives = objectives
        self.sampler = sampler
        self.distributions = optuna_distributions(space)
        directions: list[Literal["maximize", "minimize"]] = [
            "maximize" if one.maximize else "minimize" for one in objectives
        ]
        with quiet():
            self.study = optuna.create_study(directions=directions, sampler=sampler)
        self.made = 0
        self.results = 0
        self.numbers: dict[str, int] = {}

    def propose(self, index: int) -> Proposal:
        """What the sampler suggests."""
        import numpy

        # Optuna computes with infinities where densities are tiny.
        with numpy.errstate(all="ignore"), unlogged():
            trial = self.study.ask()
            self.made += 1
            made = self.space.filled(lambda one: self._suggested(trial, one))
        return Proposal(made, mark=trial.number)

    def drop(self, proposal: Proposal) -> None:
        """End the trial of a proposal without a result."""
        self._fail(proposal.mark)

    def begin(self, record: Record, proposal: Proposal | None) -> None:
        """Learn of a trial; one whose values are not in the space teaches nothing."""
        if proposal and proposal.mark is not None:
            self.numbers[record.name] = proposal.mark
            return
        try:
            values = self.space.filled(lambda one: one.read(record.assignments[one.name]))
        except (SearchError, KeyError):
            return
        self.numbers[record.name] = self._add(values, running=True)

    def end(self, record: Record) -> None:
        """Learn how a trial ended."""
        number = self.numbers.pop(record.name, None)
        if number is None:
            return
        if record.has_result(len(self.objectives)):
            self.study.tell(number, list(record.values))
            self.results += 1
            return
        params = self.study.get_trials(deepcopy=False)[number].params
        self._fail(number)
        reached = record.points or tuple((0, value) for value in record.values[:1])
        points = {step: value for step, value in reached if math.isfinite(value)}
        if record.state == STOPPED and points and len(self.objectives) == 1:
            self._add_stopped(params, points)

    def _fail(self, number: int) -> None:
        from optuna.trial import TrialState

        self.study.tell(number, state=TrialState.FAIL)

    def _add(self, values: Mapping[str, Value], running: bool) -> int:
        """Add a running trial; its number."""
        from optuna.trial import TrialState, create_trial

        chosen = {name: one for name, one in self.distributions.items() if name in values}
        params = {name: encoded(self.space.parameter(name), values[name]) for name in chosen}
        trial = create_trial(
            state=TrialState.RUNNING, params=params, distributions=chosen, system_attrs=self._generation()
        )
        self.study.add_trial(trial)
        self.made += 1
        return self.made - 1

    def _add_stopped(self, params: dict[str, Any], points: dict[int, float]) -> None:
        """Add what a stopped trial reached, as Optuna's own pruned trials tell it."""
        from optuna.trial import TrialState, create_trial

        chosen = {name: self.distributions[name] for name in params}
        last = points[max(points)]
        trial = create_trial(
            state=TrialState.PRUNED,
            params=params,
            distributions=chosen,
            intermediate_values=points,
            value=last,
        )
        self.study.add_trial(trial)
        self.made += 1

    def _generation(self) -> dict[str, Any]:
        """What a genetic sampler wrote beside a trial when it proposed it, for a trial of another process."""
        key = getattr(self.sampler, "_get_generation_key", None)
        size = getattr(self.sampler, "population_size", None)
        begun = len(self.numbers) + self.results
        return {key(): begun // size} if key and size else {}

    def _suggested(self, trial: "Trial", parameter: Parameter) -> Value:
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        name, one = parameter.name, self.distributions.get(parameter.name)
        match one:
            case None:
                return parameter.first()
            case CategoricalDistribution():
                return _decoded(parameter, trial.suggest_categorical(name, one.choices))
            case IntDistribution():
                return _decoded(
                    parameter, trial.suggest_int(name, one.low, one.high, step=one.step, log=one.log)
                )
            case FloatDistribution():
                return _decoded(
                    parameter, trial.suggest_float(name, one.low, one.high, step=one.step, log=one.log)
                )
        raise AssertionError(one)


def optuna_distributions(space: Space) -> "dict[str, BaseDistribution]":
    """What Optuna calls each parameter that is not fixed."""
    return {one.name: _distribution(one) for one in space.parameters if not one.is_fixed()}


def _distribution(one: Parameter) -> "BaseDistribution":
    """What Optuna calls the parameter; normal ones are sampled by rank, discrete ones by order."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if one.kind == CATEGORICAL:
        return CategoricalDistribution([shown(choice) for choice in one.choices])
    if one.kind == DISCRETE:
        return IntDistribution(0, len(one.choices) - 1)
    if one.distribution not in (UNIFORM, "logUniform"):
        return FloatDistribution(0.0, 1.0)
    low, high = one.bounds()
    if one.is_log():
        is_int = one.kind == INT
        return (
            IntDistribution(int(low), int(high), log=True)
            if is_int
            else FloatDistribution(low, high, log=True)
        )
    if one.kind == INT:
        step = int(one.step or 1)
        return IntDistribution(int(low), int(high) - int(high - low) % step, step=step)
    count = one.count()
    # Optuna complains of steps that are no short decimal fractions.
    return FloatDistribution(low, high) if count is None else IntDistribution(0, count - 1)


def _decoded(one: Parameter, given: Any) -> Value:
    if one.kind == CATEGORICAL:
        return one.read(given)
    if one.kind == DISCRETE:
        return _ordered(one)[int(given)]
    if one.distribution not in (UNIFORM, "logUniform"):
        return value_at(one, given)
    return one.at(int(given)) if _is_counted(one) else one.nearest(given)


def encoded(one: Parameter, value: Value) -> Any:
    """The value as Optuna knows it."""
    if one.kind == CATEGORICAL:
        return shown(value)
    if one.kind == DISCRETE:
        return _ordered(one).index(value)
    if one.distribution not in (UNIFORM, "logUniform"):
        return rank_of(one, value)
    return one.index(float(value)) if _is_counted(one) else value


def _is_counted(one: Parameter) -> bool:
    """Whether Optuna knows the steps of a double by their numbers."""
    return one.kind == DOUBLE and one.step is not None and not one.is_log()


def _ordered(one: Parameter) -> list[Value]:
    return sorted(one.choices, key=float)


def tpe(
    space: Space, objectives: Sequence[Objective], settings: Mapping[str, Any], seed: int
) -> OptunaSampler:
    """The tree-structured Parzen estimator, with Optuna's defaults; in groups where there are conditions."""
    given: dict[str, Any] = {"n_startup_trials": settings["n_startup_trials"]}
    given["n_ei_candidates"] = settings.get("n_EI_candidates") or settings["n_ei_candidates"]
    if "prior_weight" in settings:
        given["prior_weight"] = settings["prior_weight"]
    if (share := settings.get("gamma")) is not None:
        given["gamma"] = lambda count: min(math.ceil(share * count), 25)
    return _tpe(space, objectives, given, seed, None)


def multivariate_tpe(
    space: Space, objectives: Sequence[Objective], settings: Mapping[str, Any], seed: int
) -> OptunaSampler:
    """TPE that models parameters together, also with several objectives."""
    given = {name: settings[name] for name in ("n_startup_trials", "n_ei_candidates")}
    return _tpe(space, objectives, given, seed, True)


def _tpe(
    space: Space, objectives: Sequence[Objective], given: dict[str, Any], seed: int, multivariate: bool | None
) -> OptunaSampler:
    from optuna.samplers import TPESampler

    if any(one.condition for one in space.parameters):
        given |= {"group": True}
        multivariate = True
    with quiet():
        sampler = TPESampler(seed=seed, multivariate=multivariate, **given)
    return OptunaSampler(space, objectives, sampler)


def gaussian_process(
    space: Space, objectives: Sequence[Objective], settings: Mapping[str, Any], seed: int
) -> OptunaSampler:
    """Bayesian optimization with a Gaussian process, which needs PyTorch."""
    from optuna.samplers import GPSampler

    startup = settings["n_initial_points"]
    sampler = GPSampler(seed=seed, n_startup_trials=startup, warn_independent_sampling=False)
    return OptunaSampler(space, objectives, sampler)


def nsga2(
    space: Space, objectives: Sequence[Objective], settings: Mapping[str, Any], seed: int
) -> OptunaSampler:
    """The genetic algorithm NSGA-II."""
    from optuna.samplers import NSGAIISampler

    sampler = NSGAIISampler(
        population_size=settings["population_size"],
        crossover_prob=settings["crossover_prob"],
        mutation_prob=settings.get("mutation_prob"),
        seed=seed,
    )
    return OptunaSampler(space, objectives, sampler)


@contextmanager
def quiet() -> Iterator[None]:
    """Without Optuna's remarks on what is experimental or will change, and on what it makes."""
    with unlogged(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def unlogged() -> Iterator[None]:
    """Without the lines that Optuna writes to stderr."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
