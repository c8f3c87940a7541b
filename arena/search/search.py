"""The search: which combinations to try next, given all trials so far."""

from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random

from arena.search.algorithms import algorithm, check, missing, settings_of
from arena.search.assignments import SearchError, Value, key
from arena.search.cma_sampler import CmaSampler
from arena.search.halving import HalvingSampler
from arena.search.population import PopulationSampler
from arena.search.records import Objective, Record
from arena.search.samplers import GridSampler, Proposal, RandomSampler, Sampler, SobolSampler, drawn
from arena.search.space import COUNTED, TRIED, Space

Key = tuple[tuple[str, str], ...]

ATTEMPTS = 10
"""How often a sampler is asked again for a combination that is allowed and was not tried."""


class Search:
    """Chooses the combinations of trials.

    It keeps nothing that the records do not tell: a new Search with the same arguments and records goes on as
    this one would. Each call looks only at records that are new or have ended since the last one.

    Attributes:
        exhausted: whether the last call found no more combinations; more may come once trials end, if
            `is_waiting`.
        is_waiting: whether the algorithm waits for the results of running trials.
    """

    def __init__(
        self,
        space: Space,
        objectives: Sequence[Objective],
        algorithm_name: str = "tpe",
        settings: Mapping[str, Value] | None = None,
        seed: int = 0,
        allow_duplicates: bool = False,
    ) -> None:
        """Prepare a search.

        Args:
            space: of the parameters.
            objectives: one, or several if the algorithm takes them.
            algorithm_name: a name or an alias of `algorithms.ALGORITHMS`.
            settings: of the algorithm; the setting `random_state` takes the place of `seed`.
            seed: equal seeds give equal proposals for equal records.
            allow_duplicates: whether a combination may be tried again.

        Raises:
            SearchError: if a package is missing, or if the algorithm cannot search this space.
        """
        if lacking := missing(algorithm_name):
            raise SearchError(lacking)
        check(algorithm_name, settings or {}, space, objectives)
        self.space = space
        self.objectives = tuple(objectives)
        self.algorithm = algorithm(algorithm_name)
        self.settings = settings_of(algorithm_name, settings or {})
        self.seed = int(self.settings.get("random_state", seed))
        self.allow_duplicates = allow_duplicates
        self.exhausted = False
        self.is_waiting = False
        self._sampler: Sampler | None = None
        self._ended: dict[str, bool] = {}
        self._tried: Counter[Key] = Counter()
        self._open: list[Proposal] = []
        self._index = self.begun = 0
        self._rest: list[dict[str, Value]] | None = None

    def ask(self, count: int, records: Sequence[Record]) -> list[dict[str, Value]]:
        """The combinations to try next.

        Args:
            count: how many.
            records: every trial that was begun so far, also those that are still running.

        Returns:
            At most `count` combinations; see `propose`.
        """
        return [one.assignments for one in self.propose(count, records)]

    def propose(self, count: int, records: Sequence[Record]) -> list[Proposal]:
        """The combinations to try next, each with the trial from whose checkpoint it goes on, if any.

        A proposal that no record shows is made again, so nothing is lost if a trial could not be created:
        begin trials only for the proposals of the last call.

        Args:
            count: how many.
            records: every trial that was begun so far, also those that are still running.

        Returns:
            At most `count` proposals; fewer if no combination is left, or if the algorithm waits for results.
        """
        self._learn(records)
        self.exhausted = self.is_waiting = False
        while len(self._open) < count:
            found = self._next()
            if found is None:
                break
            self._open.append(found)
        return self._open[:count]

    def _learn(self, records: Sequence[Record]) -> None:
        """Tell the sampler what it does not know; a trial that it knows to have ended costs one look-up."""
        ended = self._ended
        if self._sampler is None:
            self._index = self.begun = len(records)
            self._sampler = _sampler(self)
        for one in records:
            if ended.get(one.name):
                continue
            if one.name not in ended:
                self._begin(one)
            ended[one.name] = one.has_ended()
            if ended[one.name]:
                self._sampler.end(one)

    def _begin(self, record: Record) -> None:
        mark = key(record.assignments)
        self._tried[mark] += 1
        found = next(
            (one for one in self._open if key(one.assignments) == mark and one.parent == record.parent), None
        )
        if found:
            self._open.remove(found)
        assert self._sampler
        self._sampler.begin(record, found)

    def _next(self) -> Proposal | None:
        assert self._sampler
        attempts = 0
        while attempts < ATTEMPTS or isinstance(self._sampler, GridSampler):
            found = self._sampler.propose(self._index)
            if found is None:
                self._stop()
                return None
            self._index += 1
            attempts += 1
            if self._is_new(found):
                return found
            self._sampler.drop(found)
        return self._other()

    def _stop(self) -> None:
        """Say why there are no more combinations."""
        self.is_waiting = not isinstance(self._sampler, GridSampler) and not all(self._ended.values())
        self.exhausted = not self.is_waiting

    def _is_new(self, proposal: Proposal) -> bool:
        if not self.space.is_allowed(proposal.assignments):
            return False
        return bool(proposal.parent) or self.allow_duplicates or not self._is_tried(proposal.assignments)

    def _is_tried(self, assignments: dict[str, Value]) -> bool:
        mark = key(assignments)
        return mark in self._tried or any(key(one.assignments) == mark for one in self._open)

    def _other(self) -> Proposal | None:
        """A random combination instead of those that the sampler proposed in vain."""
        random = Random(f"{self.seed}/{self._index}/other")
        size = self.space.size() if self._rest is None else 0
        if self._rest is None and size is not None and size <= COUNTED:
            self._rest = list(self.space.combinations())
            Random(self.seed).shuffle(self._rest)
        if self._rest is not None:
            while self._rest:
                if self.allow_duplicates:
                    return Proposal(random.choice(self._rest))
                if not self._is_tried(made := self._rest.pop()):
                    return Proposal(made)
            self.exhausted = True
            return None
        for _ in range(TRIED):
            found = Proposal(drawn(self.space, random))
            if self._is_new(found):
                return found
        self.exhausted = True
        return None


def _sampler(search: Search) -> Sampler:
    """The sampler of the search's algorithm.

    Those of Optuna draw from a seed of their own in a process that begins with a history, lest they repeat
    what they drew first.
    """
    name, space, seed, settings = search.algorithm.name, search.space, search.seed, search.settings
    if name == "random":
        return RandomSampler(space, seed)
    if name == "grid":
        return GridSampler(space, seed if "random_state" in settings else None)
    if name == "sobol":
        return SobolSampler(space, seed)
    if name == "pbt":
        return PopulationSampler(space, search.objectives[0], settings, seed)
    if "resource_name" in settings:
        return HalvingSampler(space, search.objectives[0], settings, seed)
    if search.begun:
        seed = Random(f"{seed}/{search.begun}").getrandbits(32)
    if name == "cmaes":
        return CmaSampler(space, search.objectives[0], settings, seed)
    from arena.search import optuna_samplers

    make = {
        "tpe": optuna_samplers.tpe,
        "asha": optuna_samplers.multivariate_tpe,
        "multivariate-tpe": optuna_samplers.multivariate_tpe,
        "bayesianoptimization": optuna_samplers.gaussian_process,
        "nsga2": optuna_samplers.nsga2,
    }[name]
    return make(space, search.objectives, settings, seed)
