"""CMA-ES, which moves and shapes a normal distribution towards the best trials."""

from collections.abc import Mapping
from random import Random
from typing import TYPE_CHECKING, Any

from arena.search.assignments import SearchError, Value
from arena.search.parameters import Parameter
from arena.search.quantiles import rank_of, value_at
from arena.search.records import Objective, Record
from arena.search.samplers import Proposal
from arena.search.space import Space

if TYPE_CHECKING:
    from cmaes import CMA


class CmaSampler:
    """CMA-ES over the ranks of the parameters with a range; all others are drawn.

    It learns generations of results in the order in which they come, whoever proposed them, so that it goes
    on with a history of any origin.
    """

    fallback, waits = "draw", False

    def __init__(self, space: Space, objective: Objective, settings: Mapping[str, Any], seed: int) -> None:
        self.space = space
        self.objective = objective
        self.seed = seed
        self.sigma: float = settings.get("sigma") or 1 / 6
        self.strategy: str = settings["restart_strategy"]
        self.numbers = [one for one in space.parameters if one.is_number() and not one.is_fixed()]
        self.random = Random(seed)
        self.optimizer = self._started(settings.get("population_size"))
        self.smallest = self.optimizer.population_size
        self.doublings = 0
        self.spent = {"small": 0, "large": 0}
        self.regime = "large"
        self.results: list[tuple[Any, float]] = []

    def propose(self, index: int) -> Proposal:
        """A combination of the present distribution."""
        ranks = dict(zip((one.name for one in self.numbers), self.optimizer.ask().tolist(), strict=True))
        random = Random(f"{self.seed}/{index}")

        def choose(one: Parameter) -> Value:
            return value_at(one, ranks[one.name] if one.name in ranks else random.random())

        return Proposal(self.space.filled(choose))

    def drop(self, proposal: Proposal) -> None:
        """Do nothing: only results count."""

    def begin(self, record: Record, proposal: Proposal | None) -> None:
        """Do nothing: only results count."""

    def end(self, record: Record) -> None:
        """Learn a result; a whole generation of them moves the distribution."""
        if not record.has_result():
            return
        import numpy

        try:
            ranks = [rank_of(one, one.read(record.assignments[one.name])) for one in self.numbers]
        except (SearchError, KeyError):
            return  # not of this space
        value = -record.values[0] if self.objective.maximize else record.values[0]
        self.results.append((numpy.array(ranks), value))
        if len(self.results) == self.optimizer.population_size:
            self.optimizer.tell(self.results)
            self.results = []
            if self.strategy != "none" and self.optimizer.should_stop():
                self._restart()

    def _started(self, population: int | None, sigma: float | None = None) -> "CMA":
        import numpy
        from cmaes import CMA

        count = len(self.numbers)
        return CMA(
            mean=numpy.full(count, 0.5),
            sigma=sigma or self.sigma,
            bounds=numpy.array([[0.0, 1.0]] * count),
            n_max_resampling=10 * count,
            seed=self.random.getrandbits(31),
            population_size=population,
        )

    def _restart(self) -> None:
        """Start anew with twice the population, or, in turn with that for bipop, with a small one."""
        self.spent[self.regime] += self.optimizer.population_size * self.optimizer.generation
        if self.strategy == "bipop" and self.doublings and self.spent["small"] < self.spent["large"]:
            self.regime = "small"
            most = (
                self.optimizer.population_size
                if self.regime == "large"
                else self.smallest * 2**self.doublings
            )
            size = int(self.smallest * (most / 2 / self.smallest) ** (self.random.random() ** 2))
            self.optimizer = self._started(
                max(size, self.smallest), self.sigma * 10 ** (-2 * self.random.random())
            )
            return
        self.regime = "large"
        self.doublings += 1
        self.optimizer = self._started(self.smallest * 2**self.doublings)
