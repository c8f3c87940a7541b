"""Logs of a job: of all its instances at once, across restarts, reconnects and new instances.

Every line is asked for with the cluster's own stamp. After a connection broke the log is read again
from the second of the last stamp and what was already passed on is skipped, so that no line is lost
and none comes twice.
"""

from __future__ import annotations

import heapq
import queue
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from arena.actions import training
from arena.errors import ArenaError, NotFound, SpecError, Unreachable
from arena.kinds.kind import Kind
from arena.model import Container, Instance, Job, LogLine
from arena.resources import PODS

if TYPE_CHECKING:
    from arena.kube import Cluster, LogQuery

RETRY = 0.25
"""Seconds before a log is asked for again after it broke off, doubled each time up to `PAUSE`."""
PAUSE = 5.0
PATIENCE = 24
"""How often in a row a log may break off without a new line before that is an error (about 2 minutes)."""
LINGER = 10.0
"""Seconds without a line after which an instance that outlives its job is left (a parameter server may).
Longer than `PAUSE`, so that none is left that only waits for its next try."""
TOGETHER = 32
"""Logs read at once when they are merged by time; the rest follows one after the other."""
_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What of the logs is wanted."""

    instance: str = ""
    """Only the instance of that name, with that end (`worker-1`), or the chief of that role (`launcher`)."""
    container: str = ""
    """Its container; "" for the first, which runs the user's program."""
    tail: int | None = None
    """The last lines of each instance only."""
    since_seconds: int | None = None
    since_time: str = ""
    """RFC 3339."""
    previous: bool = False
    """The run before the last restart."""

    def picks(self, one: Instance, job: Job) -> bool:
        """Whether the instance is wanted."""
        return not self.instance or one.is_called(self.instance, job.name)


@dataclass(frozen=True, slots=True)
class Block:
    """Successive lines of one container, without line ends; `stamps` are the cluster's."""

    instance: str
    container: str
    stamps: Sequence[str]
    lines: Sequence[str]


def lines(blocks: Iterable[Block]) -> Iterator[LogLine]:
    """The blocks as single lines."""
    for block in blocks:
        for stamp, text in zip(block.stamps, block.lines, strict=True):
            yield LogLine(instance=block.instance, container=block.container, text=text, stamp=stamp)


class _Tail:
    """How far one container's log has been read; it outlives connections and restarts."""

    def __init__(self, cluster: Cluster, job: Job, instance: Instance, options: Options) -> None:
        self._cluster = cluster
        self._namespace = job.namespace
        self._options = options
        self.instance = instance
        self.container = options.container or _main(instance).name
        self._last = ""
        self._repeats = 0
        self.progress = 0

    def read(self, *, follow: bool = False, previous: bool = False) -> Iterator[Block]:
        """What is new, in blocks as they arrive; with `follow` until the run or the connection ends."""
        query = self._query(follow, previous)
        with self._cluster.logs(self._namespace, self.instance.name, query) as stream:
            # What was passed on already comes first: everything before the last stamp, then its repeats.
            start, skip = self._last, self._repeats
            for batch in stream.batches():
                stamps: list[str] = []
                texts: list[str] = []
                for line in batch:
                    stamp, _, text = line.decode("utf-8", "replace").partition(" ")
                    if stamp < start:
                        continue
                    if stamp == start and skip:
                        skip -= 1
                        continue
                    self._repeats = self._repeats + 1 if stamp == self._last else 1
                    self._last = stamp
                    stamps.append(stamp)
                    texts.append(text)
                if texts:
                    self.progress += len(texts)
                    yield Block(self.instance.name, self.container, stamps, texts)

    def _query(self, follow: bool, previous: bool) -> LogQuery:
        from arena.kube import LogQuery

        options = self._options
        start = LogQuery(container=self.container, follow=follow, previous=previous, timestamps=True)
        if found := _STAMP.match(self._last):
            return replace(start, since_time=found[1] + found[2])
        return replace(
            start, tail=options.tail, since_seconds=options.since_seconds, since_time=options.since_time
        )

    def state(self) -> Instance | None:
        """The instance as it is now, or None where its pod is gone."""
        from arena.kinds.training.pods import instance

        try:
            pod = self._cluster.get(PODS, self._namespace, self.instance.name)
        except NotFound:
            return None
        return instance(pod) if pod["metadata"]["uid"] == self.instance.uid else None


def _restarts(one: Instance, container: str) -> int:
    return next((c.restarts for c in one.containers if c.name == container), 0)


def _main(one: Instance) -> Container:
    """The container that runs the user's program: the first that is no init container."""
    return next((c for c in one.containers if not c.init), Container(name=""))


def chosen(job: Job, options: Options) -> list[Instance]:
    """The instances of the job that are wanted.

    Raises:
        NotFound: it has none of that name.
    """
    found = [one for one in job.instances if options.picks(one, job)]
    if options.instance and not found:
        names = ", ".join(one.name for one in job.instances) or "none yet"
        gone = "; those that ran on at its end were removed" if job.phase.is_final else ""
        raise NotFound(
            f'job "{job.name}" has no instance "{options.instance}"', f"its instances: {names}{gone}"
        )
    containers = {c.name for one in found for c in one.containers}
    if options.container and containers and options.container not in containers:
        text = f'job "{job.name}" has no container "{options.container}"'
        raise SpecError(text, f"its containers: {', '.join(sorted(containers))}")
    return found


def read(cluster: Cluster, job: Job, options: Options) -> Iterator[Block]:
    """What there is of the logs now, of all instances merged by the time of their lines.

    Instances whose log cannot be read (not started yet, gone) are left out.
    """
    tails = [_Tail(cluster, job, one, options) for one in chosen(job, options)]
    for start in range(0, len(tails), TOGETHER):
        streams = [_quiet(tail, options) for tail in tails[start : start + TOGETHER]]
        for _, block in heapq.merge(*streams, key=lambda item: item[0]):
            yield block


def _quiet(tail: _Tail, options: Options) -> Iterator[tuple[str, Block]]:
    try:
        for block in tail.read(previous=options.previous):
            for stamp, text in zip(block.stamps, block.lines, strict=True):
                yield stamp, Block(block.instance, block.container, (stamp,), (text,))
    except (NotFound, SpecError):
        return


def follow(
    cluster: Cluster, name: str, namespace: str, options: Options, kind: Kind | None = None
) -> Iterator[Block | Job]:
    """The logs as they come, of instances that exist and that will; and the job whenever it changed.

    Ends when the job has ended and all its output is through, or when it was deleted. What an instance
    writes after its job is followed until it is silent for `LINGER` seconds.

    Raises:
        NotFound: there is no such job, or it has no such instance.
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
    if not readers and (job.phase.is_final or len(job.instances) >= job.wanted):
        chosen(job, options)  # says so where all are there, but not the one that is wanted
    for one in job.instances:
        if one.uid in readers or not options.picks(one, job) or not _has_log(one, options.container):
            continue
        tail = _Tail(cluster, job, one, options)
        readers[one.uid] = _start(_pump, tail, out)


def _has_log(one: Instance, container: str) -> bool:
    names = [c for c in one.containers if c.name == container] if container else [_main(one)]
    return any(c.started or c.finished or c.restarts for c in names)


def _pump(tail: _Tail, out: _Outlet) -> None:
    """Follow one container through breaks and restarts until its pod has ended or is gone."""
    restarts = _restarts(tail.instance, tail.container)
    quiet = 0
    while True:
        before, broken = tail.progress, None
        try:
            state = tail.state()
            if state is not None and _restarts(state, tail.container) > restarts:
                with suppress(Unreachable):
                    _pass(tail.read(previous=True), out)
                restarts = _restarts(state, tail.container)
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
