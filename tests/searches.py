"""Sweeps without a cluster: a function of the assignments stands for the training."""

import math
from collections.abc import Callable, Mapping, Sequence

from spaces import space

from arena.search.assignments import Value, key
from arena.search.records import Objective, Record
from arena.search.search import Search
from arena.values import replace

LOSS = (Objective(metric="loss"),)


def branin_like(values: Mapping[str, Value]) -> float:
    """A function with one valley: least at x=0.3, lr=0.01, n=5 and opt=b."""
    shift = {"a": 0.4, "b": 0.0, "c": 0.2}[values["opt"]]
    return (
        (values["x"] - 0.3) ** 2
        + (math.log10(values["lr"]) + 2) ** 2 / 9
        + (values["n"] - 5) ** 2 / 50
        + shift
    )


MIXED = space("x=uniform:0..1", "lr=log:1e-5..1", "n=int:1..16", "opt=a,b,c")


class Sweep:
    """Runs trials of a search in memory, some at a time, which end in turn.

    With `killed`, a new search is made for every call, as after a crash.
    """

    def __init__(
        self,
        make: Callable[[], Search],
        function: Callable[[Mapping[str, Value]], float | Sequence[float]],
        parallel: int = 1,
        killed: bool = False,
    ) -> None:
        self.make = make
        self.search = make()
        self.function = function
        self.parallel = parallel
        self.killed = killed
        self.records: list[Record] = []

    def run(self, trials: int) -> list[Record]:
        """Run so many trials, or until there are no more; their records."""
        while True:
            running = [at for at, one in enumerate(self.records) if not one.has_ended()]
            free = min(self.parallel - len(running), trials - len(self.records))
            if self.killed:
                self.search = self.make()
            found = self.search.propose(free, list(self.records)) if free > 0 else []
            for one in found:
                name = f"trial-{len(self.records)}"
                self.records.append(
                    Record(name=name, assignments=one.assignments, state="running", parent=one.parent)
                )
            if not found and not running:
                return self.records
            if running:
                self.finish(running[0])

    def finish(self, at: int) -> None:
        """End a trial with the value of the function; NaN is what a broken training reports."""
        found = self.function(self.records[at].assignments)
        values = (found,) if isinstance(found, int | float) else tuple(found)
        self.records[at] = replace(self.records[at], state="succeeded", values=values)

    def losses(self) -> list[float]:
        """The values of all trials."""
        return [one.values[0] for one in self.records]

    def keys(self) -> list[tuple[tuple[str, str], ...]]:
        """The combinations of all trials."""
        return [key(one.assignments) for one in self.records]
