"""Population based training: trials go on from the checkpoints of the best, with changed values."""

from collections import defaultdict
from collections.abc import Mapping
from random import Random
from typing import Any

from arena.search.assignments import SearchError, Value
from arena.search.parameters import Parameter
from arena.search.quantiles import value_at
from arena.search.records import Objective, Record
from arena.search.samplers import Proposal, drawn_allowed
from arena.search.space import Space

ATTEMPTS = 50
"""How often changed values are drawn until they fulfil the constraints."""


class PopulationSampler:
    """Generations of equal size, whose trials go on from those of the generation before.

    The k-th trial that ends in a generation is succeeded by the k-th of the next one: by itself with the same
    values or, if it is among the worst so far, by one of the best with changed values.
    """

    fallback, waits = "repeat", True

    def __init__(self, space: Space, objective: Objective, settings: Mapping[str, Any], seed: int) -> None:
        self.space = space
        self.objective = objective
        self.seed = seed
        self.size: int = settings["n_population"]
        self.share: float = settings["truncation_threshold"]
        self.resample: float = settings["resample_probability"]
        self.generation: dict[str, int] = {}
        self.begun: dict[int, int] = defaultdict(int)
        self.ended: dict[int, list[Record]] = defaultdict(list)

    def propose(self, index: int) -> Proposal | None:
        """The next trial of the oldest generation that lacks one; None while results are awaited."""
        if self.begun[0] < self.size:
            made = drawn_allowed(self.space, Random(f"{self.seed}/{index}"))
            self.begun[0] += made is not None
            return None if made is None else Proposal(made, mark=0)
        for last in sorted(self.ended):
            place = self.begun[last + 1]
            if place < min(len(self.ended[last]), self.size):
                found = self._successor(last, place)
                self.begun[last + 1] += found is not None
                if found:
                    return found
        return None

    def drop(self, proposal: Proposal) -> None:
        """Take back a proposal."""
        self.begun[proposal.mark] -= 1

    def begin(self, record: Record, proposal: Proposal | None) -> None:
        """Learn of which generation a trial is."""
        if proposal:
            self.generation[record.name] = proposal.mark
            return
        found = self.generation.get(record.parent, -1) + 1
        while not record.parent and self.begun[found] >= self.size:
            found += 1  # a trial of another process that does not say what it went on from
        self.generation[record.name] = found
        self.begun[found] += 1

    def end(self, record: Record) -> None:
        """Learn a result."""
        self.ended[self.generation[record.name]].append(record)

    def _successor(self, last: int, place: int) -> Proposal | None:
        base = self.ended[last][place]
        ranked = sorted((one for one in self.ended[last] if one.has_result()), key=self._cost)
        cut = int(self.share * len(self.ended[last]))
        kept = [one.name for one in ranked[: len(self.ended[last]) - cut]]
        if base.name in kept:
            return Proposal(dict(base.assignments), parent=base.name, mark=last + 1)
        if not ranked:
            return None
        random = Random(f"{self.seed}/{last}/{place}")
        chosen = random.choice(ranked[: max(cut, 1)])
        return Proposal(self._changed(chosen.assignments, random), parent=chosen.name, mark=last + 1)

    def _cost(self, record: Record) -> float:
        return -record.values[0] if self.objective.maximize else record.values[0]

    def _changed(self, assignments: Mapping[str, Value], random: Random) -> dict[str, Value]:
        """Values near those of the best; the same if the constraints allow no other."""
        for _ in range(ATTEMPTS):
            try:
                made = {
                    one.name: self._near(one, assignments[one.name], random) for one in self.space.parameters
                }
            except (KeyError, SearchError):
                break
            if self.space.is_allowed(made):
                return made
        return dict(assignments)

    def _near(self, one: Parameter, value: Value, random: Random) -> Value:
        if random.random() < self.resample:
            return value_at(one, random.random())
        value = one.read(value)
        step = random.choice((-1, 1))
        if not one.is_number():
            place = one.place(value) + step
            return one.choices[min(max(place, 0), len(one.choices) - 1)]
        assert isinstance(value, int | float)
        near = one.nearest(value * (1 + 0.2 * step))
        if near == value and one.count():
            near = one.nearest(value + step * (one.step or 1))
        return near
