"""The cached logs of instances that are gone, in the same form as other logs."""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta, timezone

from arena import units
from arena.actions.jobs.logs.cache import Kept, Run
from arena.actions.jobs.logs.lines import Block, Options
from arena.errors import SpecError
from arena.kinds.workload.instance_findings import place
from arena.model.instances import Instance
from arena.model.jobs import Job


class Memory:
    """Cached logs of a job that the cluster no longer has.

    Args:
        runs: the cached runs.
        there: the instances whose logs the cluster has.
        options: the requested logs.
    """

    def __init__(self, runs: Iterable[Run], there: Sequence[Instance], options: Options) -> None:
        self._runs = {run[:3]: run for run in runs}
        self._options = options
        self._first = _first(options)
        known = {one.uid for one in there} | {one.name for one in there}
        places = {(one.role, one.index) for one in there}
        lost: dict[str, list[Run]] = defaultdict(list)
        for run in self._runs.values():
            mine = run.container == options.container if options.container else run.main
            if mine and not known & {run.uid, run.instance} and (run.role, run.number) not in places:
                lost[run.instance].append(run)
        self._gone = {run.uid: run for runs in lost.values() for run in self._meant(runs)}

    def _meant(self, runs: Sequence[Run]) -> Sequence[Run]:
        """The run of an instance that the options request, if it had so many."""
        options = self._options
        number = len(runs) - 1 - options.previous if options.attempt is None else options.attempt - 1
        return runs[number : number + 1] if number >= 0 else ()

    @property
    def gone(self) -> list[Instance]:
        """The instances that only the cache has."""
        return [
            Instance(name=run.instance, namespace="", uid=run.uid, role=run.role, index=run.number)
            for run in self._gone.values()
        ]

    def said(self, wanted: Iterable[Instance]) -> Iterator[Block]:
        """A remark until when these instances are cached; nothing if all exist."""
        lost = [one for one in wanted if one.uid in self._gone]
        if lost:
            until = max(self._gone[one.uid].until for one in lost)
            names = ", ".join(sorted(map(place, lost)))
            pods, exist = ("pods", "exist") if len(lost) > 1 else ("pod", "exists")
            said = f"the {pods} of {names} no longer {exist}; showing output cached until {_clock(until)}"
            yield Block("", "", said=said)

    def told(self, one: Instance) -> Iterator[tuple[bytes, Block]]:
        """The cached log of an instance that is gone; nothing for others."""
        if run := self._gone.get(one.uid):
            yield from self._lines(run)

    def instead(self, uid: str, container: str, restart: int) -> Iterator[tuple[bytes, Block]]:
        """The cached log of a run that the cluster no longer has, after a remark on that."""
        if run := self._runs.get((uid, container, restart)):
            yield (
                b"",
                Block(
                    run.instance,
                    container,
                    said=f"the log no longer exists; showing output cached until {_clock(run.until)}",
                ),
            )
            yield from self._lines(run)

    def _lines(self, run: Run) -> Iterator[tuple[bytes, Block]]:
        lines = filter(self._is_recent, run.lines())
        for stamp, text in deque(lines, self._options.tail) if self._options.tail is not None else lines:
            yield stamp, Block(run.instance, run.container, (stamp,), (text,))

    def _is_recent(self, line: tuple[bytes, bytes]) -> bool:
        """Whether a line is not older than the options allow."""
        with suppress(SpecError):
            moment = self._first and units.when(line[0].decode("ascii", "replace"))
            return not (self._first and moment) or moment >= self._first
        return True


def remembered(
    kept: Kept | None, job: Job, options: Options, followed: Collection[Instance]
) -> Iterator[Block]:
    """The cached logs of instances that were gone before these were followed, merged by time."""
    memory = Memory(kept.runs(job) if kept else (), [*job.instances, *followed], options)
    if not options.selects:
        yield from memory.said(memory.gone)
        for _, block in heapq.merge(*map(memory.told, memory.gone), key=lambda item: item[0]):
            yield block


def _first(options: Options) -> datetime | None:
    if options.since_seconds is not None:
        return datetime.now(timezone.utc) - timedelta(seconds=options.since_seconds)
    return units.when(options.since_time)


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")
