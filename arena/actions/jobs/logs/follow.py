"""Follow the logs of a job: all instances at once, across restarts, reconnects and new instances."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from arena.actions.jobs import attempts, find, lingering
from arena.actions.jobs.instances import has_ended, main_container
from arena.actions.jobs.logs.lines import Block, Options
from arena.actions.jobs.logs.outlet import Lost, LostLogs, Outlet, start
from arena.actions.jobs.logs.snapshot import chosen, wanted
from arena.actions.jobs.logs.tail import Tail
from arena.errors import ArenaError, NotFound, SpecError, Unreachable
from arena.kinds.kind import Kind
from arena.model.instances import Instance
from arena.model.jobs import Job

if TYPE_CHECKING:
    from arena.kube import Cluster

RETRY = 0.25
"""Seconds before a log that broke off is requested again, doubled each time up to `PAUSE`."""
PAUSE = 5.0
NOTICE = 3
"""How often in a row a log may break off before that is reported, if the cluster answers otherwise."""


def follow(
    cluster: Cluster, name: str, namespace: str, options: Options, kind: Kind | None = None
) -> Iterator[Block | Job]:
    """Yield the logs of present and future instances as they come, and the job whenever it changes.

    Ends when the job has ended and all its output was yielded, or when it was deleted. Instances that outlive
    their job are followed until they end or are silent for `lingering.limit` seconds; a requested instance is
    followed until it ends.

    Raises:
        NotFound: there is no such job, or it has no such instance.
        SpecError: the name of the instance is ambiguous.
        Unreachable: the cluster did not answer for longer than its patience.
    """
    yield from followed(cluster, partial(find.follow, cluster, name, namespace, kind), options)


def followed(
    cluster: Cluster, changes: Callable[[], Iterator[Job]], options: Options
) -> Iterator[Block | Job]:
    """As `follow`.

    Args:
        changes: returns what yields the job whenever it changes, until it is deleted.
    """
    with closing(Outlet(maxsize=256)) as out:
        start(_observe, changes, out)
        yield from _merged(cluster, options, out)


def _merged(cluster: Cluster, options: Options, out: Outlet) -> Iterator[Block | Job]:
    """Yield what the observer and the readers report; start a reader for every wanted instance with a log."""
    readers: dict[str, threading.Thread] = {}
    rest, lost, last = _Rest(options), LostLogs(), None
    pulse = [Block("", "")] if options.pulse else []
    while not rest.is_over(readers) or not out.empty():
        try:
            item = out.get(timeout=0.05 if rest.final else options.pulse)
        except queue.Empty:
            if rest.is_silent():
                break
            yield from pulse
            continue
        if isinstance(item, ArenaError):
            raise item
        if isinstance(item, Lost):
            told = lost.noted(item)
            if len(readers) >= _expected(last, options):
                lost.check(readers)
            yield told
            continue
        if not isinstance(item, Block):
            last = item or last
            ends = not rest.final and (item is None or item.phase.is_final)
            if last is not None:
                _start_readers(cluster, _whole(cluster, last) if ends else last, options, readers, out)
        rest.note(item)
        if item is not None:
            yield item
    lost.check(readers)


def _expected(job: Job | None, options: Options) -> int:
    """The number of instances whose logs are wanted, also of those that have not started."""
    if options.instance or job is None or job.phase.is_final:
        return 1
    return min(job.wanted, sum(map(len, options.ranks)) or job.wanted)


class _Rest:
    """What is still expected once the job has ended."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._awaited: Sequence[Instance] = ()
        self._heard = self._limit = 0.0
        self.final = False
        """Whether the job has ended or is gone."""

    def note(self, item: Block | Job | None) -> None:
        """Process an item."""
        if isinstance(item, Block):
            self._heard = time.monotonic()
        elif item is None or item.phase.is_final:
            left = lingering.limit(item) if item else lingering.BRIEF
            self._awaited = _wanted(item, self._options, True) if item and item.survivors else ()
            if not self.final:
                # A log that is read for the first time comes at once, however long ago the job ended.
                wait = max(lingering.BRIEF, lingering.patience(item)) if item else left
                self._heard = time.monotonic() - (left - wait)
            self._limit, self.final = left, True

    def is_over(self, readers: Mapping[str, threading.Thread]) -> bool:
        """Whether all output was yielded, and the job no longer shows instances whose logs have ended."""
        # A log ends a moment before the cluster reports the end of its pod; another container may end long
        # before.
        known = readers if self._options.container else ()
        running = any(one.holds and not one.sidecar and one.uid not in known for one in self._awaited)
        return self.final and not running and not any(one.is_alive() for one in readers.values())

    def is_silent(self) -> bool:
        """Whether nothing came for so long that waiting is over."""
        asked = self._options.selects and any(one.holds for one in self._awaited)
        return self.final and not asked and time.monotonic() - self._heard > self._limit


def _observe(changes: Callable[[], Iterator[Job]], out: Outlet) -> None:
    """Report the job's changes until all of it has ended or is gone, and finally the end."""
    try:
        for job in changes():
            out.tell(job)
            if job.phase.is_final and not job.survivors:
                return
    except ArenaError as error:
        out.tell(error)
    finally:
        out.tell(None)


def _start_readers(
    cluster: Cluster, job: Job, options: Options, readers: dict[str, threading.Thread], out: Outlet
) -> None:
    """Start to read every wanted instance with a log, and before it its unread predecessors."""
    new = [
        one
        for one in _wanted(job, options, bool(readers))
        if one.uid not in readers and _has_log(one, options.container)
    ]
    if not new:
        return
    known = _history(cluster, job, there=not readers)
    for one in new:
        earlier = [other for other in known.before(one) if other.uid not in readers]
        # Ended ones come first, because a running one must not delay its successor.
        ended = [other for other in earlier if other.is_final]
        for group in ([*ended, one], *([other] for other in earlier if other not in ended)):
            tails = [Tail(cluster, job, each, options, known.kept) for each in group]
            thread = start(_pump, tails, out)
            readers |= {each.uid: thread for each in group}


def _whole(cluster: Cluster, job: Job) -> Job:
    """The job including instances whose pods are gone, if the cluster keeps their output."""
    known = _history(cluster, job)
    return replace(job, instances=(*job.instances, *known.lost(job.instances)))


def _history(cluster: Cluster, job: Job, *, there: bool = False) -> attempts.History:
    """As `attempts.history`, repeated while the cluster is unreachable."""
    quiet, end = 0, time.monotonic() + cluster.patience
    while True:
        try:
            return attempts.history(cluster, job, there=there)
        except Unreachable:
            if time.monotonic() > end:
                raise
        _pause(quiet)
        quiet += 1


def _pause(quiet: int) -> None:
    """Wait before the next attempt, longer after each attempt without a result."""
    threading.Event().wait(min(PAUSE, RETRY * 2 ** min(quiet, 5)))


def _wanted(job: Job, options: Options, begun: bool) -> Sequence[Instance]:
    """The instances to read; raises as `chosen` if all exist, but not the wanted one."""
    if not begun and (job.phase.is_final or len(job.instances) >= job.wanted):
        return chosen(job, options)
    return wanted(job, options, strict=False)


def _has_log(one: Instance, container: str) -> bool:
    names = [c for c in one.containers if c.name == container] if container else [main_container(one)]
    return any(c.started or c.finished or c.restarts for c in names)


def _pump(tails: Sequence[Tail], out: Outlet) -> None:
    """Follow an instance to its end: first the runs of its predecessors, then its own."""
    out.begin(tails)
    for tail in tails[-1:] if tails[-1].options.tail is not None else tails:
        _follow(tail, tail.restarts if tail.options.tail is not None else 0, out)


def _follow(tail: Tail, run: int, out: Outlet) -> None:
    """Follow a container from a run on, across reconnects and restarts, until its pod has ended."""
    quiet, followed, good = 0, -1, time.monotonic()
    while not out.closed:
        before, broken, answers = tail.progress, None, False
        try:
            state, answers = tail.state(), True
            if (last := state or tail.last()) is None:
                return
            tail.instance = last
            earlier = range(run, tail.restarts)
            lost = [one for one in earlier if not _pass(tail.read(restart=one), out) and one != followed]
            if lost:
                out.tell(Block(tail.name, tail.container, said=_no_longer_kept(len(lost))))
            run = followed = tail.restarts
            over = state is None or state.is_final or has_ended(state, tail.container)
            # After a forced deletion it may have continued for a moment, so its stored log is followed to the
            # end.
            _pass(tail.read(follow=tail.kept or not over, restart=run), out)
            if over:
                return
        except Unreachable as error:
            broken = error
        except ArenaError as error:
            out.tell(Lost(tail, error))
            return
        quiet = 0 if tail.progress > before else quiet + 1
        if broken is None or not quiet:
            good = time.monotonic()
        elif time.monotonic() - good > tail.patience:
            out.tell(Lost(tail, broken))
            return
        elif answers and quiet == NOTICE:
            out.tell(Lost(tail, broken, is_final=False))
        _pause(quiet)


def _pass(blocks: Iterable[Block], out: Outlet) -> bool:
    """Yield what can be read, and return whether there was a log.

    Before its first line a container may have no log yet, and after its last one no log any more.
    """
    try:
        for block in blocks:
            out.tell(block)
    except (NotFound, SpecError):
        return False
    return True


def _no_longer_kept(runs: int) -> str:
    if runs == 1:
        return "the output of an earlier run is no longer kept"
    return f"the output of {runs} earlier runs is no longer kept"
