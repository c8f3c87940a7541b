"""Follows one trial: what it reports while it runs, and how it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
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
    """A trial has reported values."""

    number: int
    values: dict[str, list[float]]
    """Metric -> all values so far."""


class Started(NamedTuple):
    """The job of a trial has started."""

    number: int
    job: Job


class Ended(NamedTuple):
    """A trial has ended, and all its output was read."""

    number: int
    job: Job | None
    """None if it was deleted."""
    values: dict[str, list[float]]


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
    reading = _Reading(job, find)

    def run() -> None:
        try:
            for item in follow.follow(cluster, job.name, job.namespace, Options(), kind):
                if isinstance(item, Block):
                    if reading.take(item):
                        tell(Reported(number, reading.values()))
                elif item.uid == job.uid:
                    if item.started and not reading.job.started:
                        tell(Started(number, item))
                    reading.job = item
            there = reading.job if reading.job.phase.is_final else None
            tell(Ended(number, there, reading.values()))
        except ArenaError as error:
            tell(Broken(number, error))

    threading.Thread(target=run, daemon=True).start()


class _Reading:
    """What a trial has reported, by instance."""

    def __init__(self, job: Job, find: Find) -> None:
        self.job = job
        self._find = find
        self._run: dict[str, int] = {}
        self._seen: dict[str, dict[str, list[float]]] = {}

    def take(self, block: Block) -> bool:
        """Read some lines; return whether they hold values. A container that starts again begins anew."""
        if self._run.get(block.instance) != block.restart:
            self._run[block.instance] = block.restart
            self._seen[block.instance] = {}
        seen, found = self._seen[block.instance], False
        for line in block.lines:
            for name, text, _ in self._find(line, ""):
                try:
                    seen.setdefault(name, []).append(float(text))
                    found = True
                except ValueError:  # such as a lonely sign
                    continue
        return found

    def values(self) -> dict[str, list[float]]:
        """The values of the chief, or of the first instance that reported any."""
        chief = self.job.chief
        order = sorted(self._seen, key=lambda name: (chief is None or name != chief.name, name))
        seen = next((self._seen[name] for name in order if self._seen[name]), {})
        return {name: list(values) for name, values in seen.items()}
