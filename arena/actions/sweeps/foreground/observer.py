"""Follows one trial: what it reports while it runs, and how it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from arena.actions.jobs.logs import follow
from arena.actions.jobs.logs.lines import Block, Options
from arena.errors import ArenaError
from arena.kinds.kind import Kind
from arena.model.jobs import Job
from arena.tuples import NamedTuple

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.metric_lines import Value

    Find = Callable[[bytes, str], Iterator[Value]]


class Reported(NamedTuple):
    """A trial has reported values since the last report."""

    number: int
    instance: str
    is_new_run: bool
    """Whether they are the first ones of a run, which begins anew."""
    values: list[tuple[str, float]]
    """Metric and value, in their order."""


class Started(NamedTuple):
    """The job of a trial has started."""

    number: int
    job: Job


class Ended(NamedTuple):
    """A trial has ended, and all its output was read."""

    number: int
    job: Job | None
    """None if it was deleted."""


class Broken(NamedTuple):
    """A trial cannot be followed any more, though it may still run."""

    number: int
    error: ArenaError


Event = Started | Reported | Ended | Broken


def observe(
    cluster: Cluster, kind: Kind, job: Job, number: int, find: Find, tell: Callable[[Event], None]
) -> None:
    """Follow a trial in a thread of its own.

    Args:
        find: what finds metrics in a line.
        tell: called in that thread.
    """
    reading = _Reading(number, find)

    def run() -> None:
        last = job
        try:
            for item in follow.follow(cluster, job.name, job.namespace, Options(), kind):
                if isinstance(item, Block):
                    if report := reading.take(item):
                        tell(report)
                elif item.uid == job.uid:
                    if item.started and not last.started:
                        tell(Started(number, item))
                    last = item
            tell(Ended(number, last if last.phase.is_final else None))
        except ArenaError as error:
            tell(Broken(number, error))

    threading.Thread(target=run, daemon=True).start()


class _Reading:
    """Finds what a trial reports."""

    def __init__(self, number: int, find: Find) -> None:
        self._number = number
        self._find = find
        self._run: dict[str, int] = {}

    def take(self, block: Block) -> Reported | None:
        """The values in some lines; None if there are none."""
        is_new = self._run.get(block.instance, block.restart) != block.restart
        self._run[block.instance] = block.restart
        found = []
        for line in block.lines:
            for name, text, _ in self._find(line, ""):
                try:
                    found.append((name, float(text)))
                except ValueError:  # such as a lonely sign
                    continue
        return Reported(self._number, block.instance, is_new, found) if found or is_new else None


class Values:
    """All values that a trial has reported, by instance."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[str, list[float]]] = {}
        self.count = 0
        """The number of reports."""

    def add(self, report: Reported) -> None:
        """Take a report; a container that starts again begins anew."""
        self.count += 1
        if report.is_new_run:
            self._seen.pop(report.instance, None)
        seen = self._seen.setdefault(report.instance, {})
        for name, value in report.values:
            seen.setdefault(name, []).append(value)

    def of(self, job: Job) -> Mapping[str, Sequence[float]]:
        """Metric -> values of the chief, or of the first instance that has reported any."""
        chief = job.chief
        order = sorted(self._seen, key=lambda name: (chief is None or name != chief.name, name))
        return next((self._seen[name] for name in order if self._seen[name]), {})
