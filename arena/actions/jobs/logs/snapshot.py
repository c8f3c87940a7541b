"""Logs of a job as they are now, of all instances merged by time; `follow` continues from there.

Instances whose pods are gone are included if the cluster (`attempts`) or this machine (`cached`) keeps their
output. A log that cannot be read takes nothing from the others.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeVar

from arena.actions.jobs import attempts, instances
from arena.actions.jobs.attempts import History
from arena.actions.jobs.instances import title
from arena.actions.jobs.logs.cached import Memory
from arena.actions.jobs.logs.lines import Block, Options
from arena.actions.jobs.logs.tail import Tail
from arena.errors import ArenaError, NotFound, SpecError, Unreachable
from arena.kinds.workload import ranks
from arena.model.instances import Instance
from arena.model.jobs import Job
from arena.parallel import thread_pool

if TYPE_CHECKING:
    from arena.actions.jobs.logs.cache import Kept
    from arena.kube import Cluster

T = TypeVar("T")
TOGETHER = 32
"""Number of logs read at once when they are merged by time; the rest follows one after the other."""


def chosen(job: Job, options: Options) -> list[Instance]:
    """The requested instances of the job.

    Raises:
        NotFound: there is no such instance, rank or container.
        SpecError: the name is ambiguous.
    """
    found = wanted(job, options)
    containers = {c.name for one in found for c in one.containers}
    if options.container and containers and options.container not in containers:
        text = f'{title(job)} has no container "{options.container}"'
        raise NotFound(text, f"its containers: {', '.join(sorted(containers))}")
    return found


def wanted(job: Job, options: Options, *, strict: bool = True) -> list[Instance]:
    """The requested instances that exist; unless `strict`, there may be none yet."""
    if options.instance:
        some = strict or instances.called(job, options.instance)
        return [instances.meant(job, options.instance)] if some else []
    if options.ranks:
        return ranks.chosen(job, options.ranks, strict=strict)
    return list(job.instances)


def read(cluster: Cluster, job: Job, options: Options, kept: Kept | None = None) -> Iterator[Block]:
    """Yield the present logs of all instances, merged by the time of their lines.

    Instances whose log cannot be read (not started yet, gone) are skipped, or taken from the cache (`kept`).

    Raises:
        NotFound: there is no such instance, or no run with the requested number.
        SpecError: the name of the instance is ambiguous.
    """
    from arena.kinds.workload import instances

    earlier = options.previous or options.attempt is not None
    known = _history(cluster, job, earlier)
    lost = known.lost(job.instances) if known.kept else []
    memory = Memory(kept.runs(job) if kept else (), [*job.instances, *lost], options)
    job = replace(job, instances=instances.instances([*job.instances, *lost, *memory.gone]))
    asked = chosen(job, options)
    yield from memory.said(asked)
    there = [one for one in asked if one.uid not in {gone.uid for gone in memory.gone}]
    tails = [Tail(cluster, job, one, options, known.kept) for one in there]
    runs = [_run(tail, known, options) for tail in tails] if earlier else [(tail, None) for tail in tails]
    found = [one for one in runs if one]
    if options.attempt is not None and not found and not memory.gone:
        number = options.attempt
        raise NotFound(f"no instance of {title(job)} has run {number} times", "--attempt 1 is the first run")
    yield from _absent(job, options)
    broken: list[tuple[Tail, ArenaError]] = []
    streams = [*map(memory.told, asked), *(_quiet(tail, restart, memory, broken) for tail, restart in found)]
    for start in range(0, len(streams), TOGETHER):
        # All begin at once, so that the nodes that do not answer are waited for together.
        with thread_pool(TOGETHER) as threads:
            begun = list(threads.map(_begun, streams[start : start + TOGETHER]))
        for _, block in heapq.merge(*begun, key=lambda item: item[0]):
            yield block
    yield from _unread(broken, len(found))


def _history(cluster: Cluster, job: Job, earlier: bool) -> History:
    """The pods that the job has had; without its former ones if they cannot be read and are not asked for."""
    try:
        return attempts.history(cluster, job, there=earlier)
    except Unreachable:
        if earlier:
            raise
        return History()


def _begun(stream: Iterator[T]) -> Iterator[T]:
    """The same stream, of which the first item has been read."""
    return chain(list(islice(stream, 1)), stream)


def _unread(broken: Sequence[tuple[Tail, ArenaError]], wanted: int) -> Iterator[Block]:
    """Report which logs could not be read whole; raise the error if none could."""
    if broken and len(broken) == wanted:
        raise broken[0][1]
    for tail, error in broken:
        yield Block(tail.name, tail.container, said=f"its log cannot be read: {error.message}")


def _absent(job: Job, options: Options) -> Iterator[Block]:
    """Report how many instances have no log because their pods were removed at the job's end."""
    there = len({(one.role, one.index) for one in job.instances})
    if job.phase.is_final and job.started and not options.selects and there < job.wanted:
        text = f"{job.wanted - there} of {job.wanted} instances left no log: their pods are gone"
        yield Block("", "", said=text)


def _run(tail: Tail, known: History, options: Options) -> tuple[Tail, int] | None:
    """The requested run of an instance and its pod; None if there was none."""
    pods = [*(tail.of(one) for one in known.before(tail.instance)), tail]
    runs = [(one, number) for one in pods for number in range(one.restarts + 1)]
    place = len(runs) - 2 if options.attempt is None else options.attempt - 1
    return runs[place] if 0 <= place < len(runs) else None


def _quiet(
    tail: Tail, restart: int | None, memory: Memory, broken: list[tuple[Tail, ArenaError]]
) -> Iterator[tuple[bytes, Block]]:
    """Yield the lines of one instance; a log that cannot be read whole is added to `broken`."""
    try:
        for block in tail.read(restart=restart):
            if block.said:
                yield b"", block
            for stamp, text in zip(block.stamps, block.lines, strict=True):
                yield stamp, Block(block.instance, block.container, (stamp,), (text,))
    except (NotFound, SpecError):
        number, empty = tail.restarts if restart is None else restart, True
        for item in memory.instead(tail.instance.uid, tail.container, number):
            empty = False
            yield item
        if empty and restart is not None:
            said = "the output of that run is no longer kept"
            yield b"", Block(tail.name, tail.container, said=said)
    except ArenaError as error:
        broken.append((tail, error))
