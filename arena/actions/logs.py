"""Logs of a job as they are now, of all its instances merged by time; `following` goes on from there.

Every line is asked for with the cluster's own stamp. After a connection broke the log is read again
from the second of the last stamp and what was already passed on is skipped, so that no line is lost
and none comes twice.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from arena.actions import instances
from arena.errors import NotFound, SpecError
from arena.model import Container, Instance, Job, LogLine
from arena.resources import PODS

if TYPE_CHECKING:
    from arena.kube import Cluster, LogQuery

TOGETHER = 32
"""Logs read at once when they are merged by time; the rest follows one after the other."""
_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What of the logs is wanted."""

    instance: str = ""
    """Only the instance that `instances.meant` finds; "" for all."""
    container: str = ""
    """Its container; "" for the one of `main_container`."""
    tail: int | None = None
    """The last lines of each instance only."""
    since_seconds: int | None = None
    since_time: str = ""
    """RFC 3339."""
    previous: bool = False
    """The run before the last restart."""


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


class Tail:
    """How far one container's log has been read; it outlives connections and restarts."""

    def __init__(self, cluster: Cluster, job: Job, instance: Instance, options: Options) -> None:
        self._cluster = cluster
        self._namespace = job.namespace
        self._options = options
        self.instance = instance
        self.container = options.container or main_container(instance).name
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
                    # Without a stamp it is the node that speaks, of a container whose log is gone.
                    if not line[:1].isdigit():
                        continue
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


def restarts(one: Instance, container: str) -> int:
    """How often the container of an instance was started again."""
    return next((c.restarts for c in one.containers if c.name == container), 0)


def main_container(one: Instance) -> Container:
    """The container that runs the user's program; where that never started, the one that failed before."""
    main = next((c for c in one.containers if not c.init), Container(name=""))
    failed = next((c for c in one.containers if c.init and c.exit_code), main)
    return failed if one.is_final and not (main.started or main.finished) else main


def chosen(job: Job, options: Options) -> list[Instance]:
    """The instances of the job that are wanted.

    Raises:
        NotFound: it has none of that name.
        SpecError: several could be meant.
    """
    found = [instances.meant(job, options.instance)] if options.instance else list(job.instances)
    containers = {c.name for one in found for c in one.containers}
    if options.container and containers and options.container not in containers:
        text = f'job "{job.name}" has no container "{options.container}"'
        raise NotFound(text, f"its containers: {', '.join(sorted(containers))}")
    return found


def read(cluster: Cluster, job: Job, options: Options) -> Iterator[Block]:
    """What there is of the logs now, of all instances merged by the time of their lines.

    Instances whose log cannot be read (not started yet, gone) are left out.
    """
    tails = [Tail(cluster, job, one, options) for one in chosen(job, options)]
    for start in range(0, len(tails), TOGETHER):
        streams = [_quiet(tail, options) for tail in tails[start : start + TOGETHER]]
        for _, block in heapq.merge(*streams, key=lambda item: item[0]):
            yield block


def _quiet(tail: Tail, options: Options) -> Iterator[tuple[str, Block]]:
    try:
        for block in tail.read(previous=options.previous):
            for stamp, text in zip(block.stamps, block.lines, strict=True):
                yield stamp, Block(block.instance, block.container, (stamp,), (text,))
    except (NotFound, SpecError):
        return
