"""Successive halving with a parameter as resource: hyperband and ASHA, neither of which ever waits."""

from bisect import insort
from collections import defaultdict
from collections.abc import Mapping
from random import Random
from typing import Any

from arena.search.assignments import Value, key
from arena.search.parameters import Parameter
from arena.search.quantiles import value_at
from arena.search.records import Objective, Record
from arena.search.samplers import Proposal
from arena.search.space import TRIED, Space

Key = tuple[tuple[str, str], ...]


class HalvingSampler:
    """Runs many combinations with little of the resource, and the best of them again with more.

    A combination goes on to the next rung as soon as it is among the best of those that ended on its own.
    Its new trial may go on from the checkpoint of the one before.
    """

    fallback, waits = "none", True

    def __init__(self, space: Space, objective: Objective, settings: Mapping[str, Any], seed: int) -> None:
        self.space = space
        self.objective = objective
        self.seed = seed
        self.eta: int = settings["eta"]
        self.resource: str = settings["resource_name"]
        low, high = (int(one) for one in space.parameter(self.resource).bounds())
        most, given = settings.get("r_l", high), settings.get("min_resource")
        # Of asha, two rungs below the most: on lower ones, those that learn fast for a start would win.
        least = given or (low if "r_l" in settings else most // self.eta**2)
        self.levels = _levels(max(low, least), most, self.eta, given is None)
        self.starts = _starts(len(self.levels), self.eta) if "r_l" in settings else [0]
        self.begun = 0
        self.start: dict[Key, int] = {}
        self.results: dict[tuple[int, int], list[tuple[float, str, Key]]] = defaultdict(list)
        self.promoted: set[tuple[int, Key]] = set()
        self.configurations: dict[Key, Mapping[str, Value]] = {}

    def propose(self, index: int) -> Proposal | None:
        """A combination that goes on, else a new one; None if all are tried."""
        return self._promotion() or self._new(index)

    def drop(self, proposal: Proposal) -> None:
        """Take back a proposal."""
        level, config = proposal.mark
        self.promoted.discard((level, config))
        if not proposal.parent:
            self.begun -= 1
            self.start.pop(config, None)

    def begin(self, record: Record, proposal: Proposal | None) -> None:
        """Learn which combinations went on, and where they started."""
        level = self._level(record)
        if proposal or level is None:
            return
        config = self._config(record.assignments)
        if config in self.start:
            self.promoted.add((level, config))
        else:
            self.start[config] = level
            self.begun += 1

    def end(self, record: Record) -> None:
        """Learn a result."""
        level = self._level(record)
        if level is None or not record.has_result():
            return
        config = self._config(record.assignments)
        self.configurations[config] = record.assignments
        value = -record.values[0] if self.objective.maximize else record.values[0]
        insort(self.results[self.start.get(config, level), level], (value, record.name, config))

    def _promotion(self) -> Proposal | None:
        for start in sorted(set(self.starts)):
            for level in range(len(self.levels) - 2, start - 1, -1):
                ended = self.results[start, level]
                for _, name, config in ended[: len(ended) // self.eta]:
                    if (level + 1, config) not in self.promoted:
                        self.promoted.add((level + 1, config))
                        made = {**self.configurations[config], self.resource: self.levels[level + 1]}
                        if self.space.is_allowed(made):
                            return Proposal(made, parent=name, mark=(level + 1, config))
        return None

    def _new(self, index: int) -> Proposal | None:
        level = self.starts[self.begun % len(self.starts)]
        random = Random(f"{self.seed}/{index}")

        def choose(one: Parameter) -> Value:
            return self.levels[level] if one.name == self.resource else value_at(one, random.random())

        for _ in range(TRIED):
            made = self.space.filled(choose)
            config = self._config(made)
            if config not in self.start and self.space.is_allowed(made):
                self.begun += 1
                self.start[config] = level
                return Proposal(made, mark=(level, config))
        return None

    def _level(self, record: Record) -> int | None:
        """The rung of a trial; None if it ran with an amount that no rung has."""
        amount = record.assignments.get(self.resource)
        return self.levels.index(amount) if isinstance(amount, int) and amount in self.levels else None

    def _config(self, assignments: Mapping[str, Value]) -> Key:
        return key({name: value for name, value in assignments.items() if name != self.resource})


def _levels(least: int, most: int, eta: int, downwards: bool) -> list[int]:
    """The amounts of the rungs: `least` times powers of eta, or the most divided by them."""
    if downwards:
        found = [most]
        while found[0] // eta >= least:
            found.insert(0, found[0] // eta)
        return found
    found = [least]
    while found[-1] * eta <= most:
        found.append(found[-1] * eta)
    return found if found[-1] == most else [*found, most]


def _starts(levels: int, eta: int) -> list[int]:
    """The rungs on which one new combination after the other starts, as often as in hyperband's brackets."""
    starts = []
    for start in range(levels):
        rest = levels - 1 - start
        starts += [start] * -(-levels * eta**rest // (rest + 1))
    return starts
