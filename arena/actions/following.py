"""Logs of a job as they come: of all its instances at once, across restarts, reconnects and new instances."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from arena.actions import instances, training
from arena.actions.logs import Block, Options, Tail, chosen, main_container, restarts
from arena.errors import ArenaError, NotFound, SpecError, Unreachable
from arena.kinds.kind import Kind
from arena.model import Instance, Job

if TYPE_CHECKING:
    from arena.kube import Cluster

RETRY = 0.25
"""Seconds before a log is asked for again after it broke off, doubled each time up to `PAUSE`."""
PAUSE = 5.0
PATIENCE = 24
"""How often in a row a log may break off without a new line before that is an error (about 2 minutes)."""
LINGER = 10.0
"""Seconds without a line after which an instance that outlives its job is left (a parameter server may).
Longer than `PAUSE`, so that none is left that only waits for its next try."""


def follow(
    cluster: Cluster, name: str, namespace: str, options: Options, kind: Kind | None = None
) -> Iterator[Block | Job]:
    """The logs as they come, of instances that exist and that will; and the job whenever it changed.

    Ends when the job has ended and all its output is through, or when it was deleted. What an instance
    writes after its job is followed until it is silent for `LINGER` seconds.

    Raises:
        NotFound: there is no such job, or it has no such instance.
        SpecError: several instances could be meant.
        Unreachable: the cluster stayed away for about two minutes.
    """
    with closing(_Outlet(maxsize=256)) as out:
        _start(_observe, cluster, name, namespace, kind, out)
        yield from _merged(cluster, options, out)


def _merged(cluster: Cluster, options: Options, out: _Outlet) -> Iterator[Block | Job]:
    """What the observer and the readers tell, a reader started for every wanted instance that has a log."""
    readers: dict[str, threading.Thread] = {}
    final, heard = False, 0.0
    while not final or any(thread.is_alive() for thread in readers.values()) or not out.empty():
        try:
            item = out.get(timeout=0.05 if final else None)
        except queue.Empty:
            if time.monotonic() - heard > LINGER:
                return
            continue
        heard = time.monotonic()
        if isinstance(item, ArenaError):
            raise item
        if item is None:
            final = True
            continue
        if isinstance(item, Job):
            _start_readers(cluster, item, options, readers, out)
        yield item


class _Left(Exception):
    """Nobody listens any more."""


class _Outlet(queue.Queue["Block | Job | ArenaError | None"]):
    """Where the threads of one `follow` tell what they find; None is the end of the job.

    Whoever tells something after it was closed is ended, so that no thread outlives a reader who left early
    by more than a line.
    """

    closed = False

    def tell(self, item: Block | Job | ArenaError | None) -> None:
        """Pass an item on, once there is room."""
        while not self.closed:
            with suppress(queue.Full):
                return self.put(item, timeout=1.0)
        raise _Left

    def close(self) -> None:
        """Stop listening."""
        self.closed = True


def _start(work: Callable[..., None], *args: object) -> threading.Thread:
    """Do some work in a thread of its own, at most until nobody listens any more."""

    def run() -> None:
        with suppress(_Left):
            work(*args)

    thread = threading.Thread(target=run, name=work.__name__, daemon=True)
    thread.start()
    return thread


def _observe(cluster: Cluster, name: str, namespace: str, kind: Kind | None, out: _Outlet) -> None:
    """Tell of the job's changes until it has ended or is gone, and in any case of the end."""
    try:
        for job in training.follow(cluster, name, namespace, kind):
            out.tell(job)
            if job.phase.is_final:
                return
    except ArenaError as error:
        out.tell(error)
    finally:
        out.tell(None)


def _start_readers(
    cluster: Cluster, job: Job, options: Options, readers: dict[str, threading.Thread], out: _Outlet
) -> None:
    for one in _wanted(job, options, bool(readers)):
        if one.uid in readers or not _has_log(one, options.container):
            continue
        tail = Tail(cluster, job, one, options)
        readers[one.uid] = _start(_pump, tail, out)


def _wanted(job: Job, options: Options, begun: bool) -> Sequence[Instance]:
    """The instances to read; raises as `chosen` where all are there, but not the one that is wanted."""
    if not begun and (job.phase.is_final or len(job.instances) >= job.wanted):
        return chosen(job, options)
    if not options.instance:
        return job.instances
    return [instances.meant(job, options.instance)] if instances.called(job, options.instance) else []


def _has_log(one: Instance, container: str) -> bool:
    names = [c for c in one.containers if c.name == container] if container else [main_container(one)]
    return any(c.started or c.finished or c.restarts for c in names)


def _pump(tail: Tail, out: _Outlet) -> None:
    """Follow one container through breaks and restarts until its pod has ended or is gone."""
    count = restarts(tail.instance, tail.container)
    quiet = 0
    while True:
        before, broken = tail.progress, None
        try:
            state = tail.state()
            if state is not None and restarts(state, tail.container) > count:
                with suppress(Unreachable):
                    _pass(tail.read(previous=True), out)
                count = restarts(state, tail.container)
            over = state is None or state.is_final
            _pass(tail.read(follow=not over), out)
            if over:
                return
        except Unreachable as error:
            broken = error
        except ArenaError as error:
            out.tell(error)
            return
        quiet = 0 if tail.progress > before else quiet + 1
        if broken and quiet >= PATIENCE:
            out.tell(broken)
            return
        threading.Event().wait(min(PAUSE, RETRY * 2 ** min(quiet, 5)))


def _pass(blocks: Iterable[Block], out: _Outlet) -> None:
    """Tell what can be read: before the first line there may be no log yet, after the last none any more."""
    with suppress(NotFound, SpecError):
        for block in blocks:
            out.tell(block)
