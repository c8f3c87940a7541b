"""Samplers: what proposes the next combination. Random, grid and Sobol are here; they keep no results."""

from collections.abc import Iterator
from random import Random
from typing import Any, Protocol

from arena.search.assignments import Value
from arena.search.parameters import Parameter
from arena.search.quantiles import value_at
from arena.search.records import Record
from arena.search.space import COUNTED, TRIED, Space


class Sampler(Protocol):
    """Proposes combinations, and learns from what became of them.

    The search calls `begin` for every trial that it sees for the first time, its own proposals included,
    and `end` when it has ended; `drop` takes back a proposal that was refused.

    Attributes:
        fallback: what is done if all its proposals are refused: "draw" random combinations, "repeat" one
            that was tried, or "none", since it ends by itself.
        waits: whether it may propose more once running trials have ended.
    """

    fallback: str
    waits: bool

    def propose(self, index: int) -> "Proposal | None":
        """The combination of the trial with this index; None if there are no more, or none for now."""

    def drop(self, proposal: "Proposal") -> None:
        """Forget a proposal that was refused."""

    def begin(self, record: Record, proposal: "Proposal | None") -> None:
        """Learn of a trial: that of a proposal, or one of another origin, whose proposal is None."""

    def end(self, record: Record) -> None:
        """Learn how a trial ended."""


class Proposal:
    """What a trial should run with.

    Attributes:
        assignments: the value of each active parameter.
        parent: the name of the trial from whose checkpoint it goes on; "" if it starts anew.
        mark: what the sampler knows it by.
    """

    def __init__(self, assignments: dict[str, Value], parent: str = "", mark: Any = None) -> None:
        self.assignments = assignments
        self.parent = parent
        self.mark = mark


class Plain:
    """A sampler that learns nothing."""

    fallback, waits = "draw", False

    def drop(self, proposal: Proposal) -> None:
        """Do nothing."""

    def begin(self, record: Record, proposal: Proposal | None) -> None:
        """Do nothing."""

    def end(self, record: Record) -> None:
        """Do nothing."""


class RandomSampler(Plain):
    """Draws every combination independently; the one with an index is always the same."""

    def __init__(self, space: Space, seed: int) -> None:
        self.space = space
        self.seed = seed

    def propose(self, index: int) -> Proposal:
        """A random combination."""
        return Proposal(drawn(self.space, Random(f"{self.seed}/{index}")))


class GridSampler(Plain):
    """All combinations once, in order, or shuffled if a seed is given."""

    fallback, waits = "none", False

    def __init__(self, space: Space, seed: int | None) -> None:
        self.left: Iterator[dict[str, Value]] = space.combinations()
        size = space.size()
        if seed is not None and size is not None and size <= COUNTED:
            shuffled = list(self.left)
            Random(seed).shuffle(shuffled)
            self.left = iter(shuffled)

    def propose(self, index: int) -> Proposal | None:
        """The next combination; None at the end."""
        made = next(self.left, None)
        return None if made is None else Proposal(made)


class SobolSampler(Plain):
    """A scrambled Sobol sequence, which fills the space more evenly than random draws."""

    BLOCK = 1024

    def __init__(self, space: Space, seed: int) -> None:
        from scipy.stats.qmc import Sobol

        self.space = space
        self.engine = Sobol(len(space.parameters), scramble=True, rng=seed)
        self.points: list[list[float]] = []

    def propose(self, index: int) -> Proposal:
        """The combination at the point with this index."""
        while index >= len(self.points):
            self.points += self.engine.random(self.BLOCK).tolist()
        ranks = dict(zip((one.name for one in self.space.parameters), self.points[index], strict=True))
        return Proposal(self.space.filled(lambda one: value_at(one, ranks[one.name])))


def drawn_allowed(space: Space, random: Random) -> dict[str, Value] | None:
    """A random combination that fulfils the constraints; None if TRIED draws give none."""
    tried = (drawn(space, random) for _ in range(TRIED))
    return next(filter(space.is_allowed, tried), None)


def drawn(space: Space, random: Random) -> dict[str, Value]:
    """A random combination, without regard to constraints."""

    def choose(parameter: Parameter) -> Value:
        return value_at(parameter, random.random())

    return space.filled(choose)
