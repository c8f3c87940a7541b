"""The search: which combinations to try next, given all trials so far."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from random import Random

from arena.search.algorithms import algorithm, check, missing, settings_of
from arena.search.assignments import Assignments, SearchError, Value, key
from arena.search.cma_sampler import CmaSampler
from arena.search.halving import HalvingSampler
from arena.search.parameters import Parameter
from arena.search.population import PopulationSampler
from arena.search.quantiles import rank_of, value_at
from arena.search.records import RUNNING, Objective, Record
from arena.search.samplers import GridSampler, Proposal, RandomSampler, Sampler, SobolSampler, drawn
from arena.search.space import COUNTED, TRIED, Space
from arena.values import replace

Key = tuple[tuple[str, str], ...]

ATTEMPTS = 10
"""How often a sampler is asked again for a combination that is allowed and was not tried."""
NEAR = 200
"""How often values of what it proposed in vain are changed."""


class Search:
    """Chooses the combinations of trials.

    It keeps nothing that the records do not tell: a new Search with the same arguments and records goes on as
    this one would. Each call looks only at records that are new or have ended since the last one.

    Attributes:
        exhausted: whether there are no more combinations.
        is_waiting: whether the last call gave fewer combinations than asked for since the algorithm waits for
            results of running trials.
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
        """Tell the sampler what it does not know; a trial without news costs one look-up."""
        ended = self._ended
        if self._sampler is None:
            self._index = self.begun = len(records)
            self._sampler = _sampler(self)
        for one in records:
            known = ended.get(one.name)
            if known or (known is False and one.state == RUNNING):
                continue
            typed = self._typed(one)
            if known is None:
                self._begin(typed)
            ended[one.name] = one.has_ended()
            if one.has_ended():
                self._sampler.end(typed)

    def _typed(self, record: Record) -> Record:
        """The record with values as the search itself writes them, if they are of the space."""
        try:
            made = self.space.filled(lambda one: one.read(record.assignments[one.name]))
        except (SearchError, KeyError):
            return record
        return replace(record, assignments=made)

    def _begin(self, record: Record) -> None:
        mark = key(record.assignments)
        self._tried[mark] += 1
        fitting = [one for one in self._open if key(one.assignments) == mark]
        # Who runs a proposal need not say what it goes on from.
        found = next((one for one in fitting if record.parent in ("", one.parent)), None)
        if found:
            self._open.remove(found)
        assert self._sampler
        self._sampler.begin(record, found)

    def _next(self) -> Proposal | None:
        assert self._sampler
        sampler, refused = self._sampler, list[dict[str, Value]]()
        while found := sampler.propose(self._index):
            self._index += 1
            if self._is_new(found) or (len(refused) >= ATTEMPTS and sampler.fallback == "repeat"):
                return found
            sampler.drop(found)
            refused.append(found.assignments)
            if len(refused) >= ATTEMPTS and sampler.fallback == "draw":
                return self._other(refused)
        self.is_waiting = sampler.waits and not all(self._ended.values())
        self.exhausted = not self.is_waiting
        return None

    def _is_new(self, proposal: Proposal) -> bool:
        """Whether a trial may run with it; one that goes on from another may repeat its values."""
        if proposal.parent:
            return True
        if not self.space.is_allowed(proposal.assignments):
            return False
        return self.allow_duplicates or not self._is_tried(proposal.assignments)

    def _is_tried(self, assignments: dict[str, Value]) -> bool:
        mark = key(assignments)
        return mark in self._tried or any(key(one.assignments) == mark for one in self._open)

    def _other(self, refused: Sequence[Assignments]) -> Proposal | None:
        """A combination near those that were refused, else any that is new; None if there is none."""
        random = Random(f"{self.seed}/{self._index}/other")
        for at in range(NEAR):
            near = Proposal(self._near(random.choice(refused), at / NEAR, random))
            if self._is_new(near):
                return near
        if self._rest is None and (self.space.size() or COUNTED + 1) <= COUNTED:
            self._rest = list(self.space.combinations())
            Random(self.seed).shuffle(self._rest)
        rest = (drawn(self.space, random) for _ in range(TRIED)) if self._rest is None else self._popped()
        found = next(filter(self._is_new, map(Proposal, rest)), None)
        self.exhausted = found is None
        return found

    def _near(self, base: Assignments, distance: float, random: Random) -> dict[str, Value]:
        """The combination with values changed: at a distance of 0, one a little; at 1, all at will."""
        names = [one.name for one in self.space.parameters]
        changed = random.sample(names, 1 + int(distance * len(names)))
        spread = 0.02 * 50**distance

        def choose(one: Parameter) -> Value:
            if one.name not in base:
                return value_at(one, random.random())
            if one.name not in changed:
                return base[one.name]
            rank = rank_of(one, base[one.name]) + random.gauss(0.0, spread)
            is_inside = one.is_number() and 0.0 <= rank <= 1.0
            return value_at(one, rank if is_inside else random.random())

        return self.space.filled(choose)

    def _popped(self) -> Iterator[dict[str, Value]]:
        """The combinations of a small space that were not looked at before, in random order."""
        while self._rest:
            yield self._rest.pop()


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
