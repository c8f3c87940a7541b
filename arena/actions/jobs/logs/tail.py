"""How far the log of one container has been read.

Every line is requested with the cluster's timestamp. After a connection broke, the log is read again from the
second of the last timestamp, and lines that were already passed on are skipped, so that no line is lost or
repeated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from arena.actions.jobs import instances
from arena.actions.jobs.attempts import ABSENT
from arena.actions.jobs.logs.lines import Block, Options
from arena.errors import NotFound
from arena.model.instances import Instance
from arena.model.jobs import Job
from arena.resources import POD_LOGS, PODS

if TYPE_CHECKING:
    from arena.kube import Cluster, LogQuery
    from arena.kube.streams import Lines

SILENCE = 15.0
"""Seconds without a byte after which a log that is not followed counts as broken: its node may be gone."""
_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)")


class Tail:
    """The position in one container's log, which outlives connections and restarts.

    Args:
        kept: whether the cluster keeps every run, and those of pods that are gone.
    """

    def __init__(
        self, cluster: Cluster, job: Job, instance: Instance, options: Options, kept: bool = False
    ) -> None:
        self._cluster = cluster
        self.patience = cluster.patience
        self._job = job
        self.options = options
        self.instance = instance
        self.name = instance.name
        self.kept = kept
        self.container = options.container or instances.main_container(instance).name
        self._last = b""
        self._repeats = 0
        self._said = ""
        self._stream: Lines | None = None
        self._closed = False
        self.progress = 0

    def of(self, instance: Instance) -> Tail:
        """The Tail of a predecessor of this instance."""
        made = Tail(self._cluster, self._job, instance, self.options, self.kept)
        made.name = self.name
        return made

    @property
    def restarts(self) -> int:
        """The restart count of its container, as far as known."""
        return restarts(self.instance, self.container)

    def read(self, *, follow: bool = False, restart: int | None = None) -> Iterator[Block]:
        """Yield new lines of a run in blocks as they arrive; with `follow`, until it or the connection ends.

        Args:
            restart: the number of restarts before the run; None for the present run.

        Raises:
            NotFound: there is no log of it (any more).
        """
        with self._open(follow, restart) as stream:
            number = self.restarts if restart is None else restart
            head = Block(self.name, self.container, uid=self.instance.uid, restart=number)
            self._stream = stream
            try:
                if not self._closed:
                    yield from self._blocks(stream, head, follow)
            finally:
                self._stream = None

    def close(self) -> None:
        """Stop reading, from any thread: a waiting reader finds the end."""
        self._closed = True
        if (stream := self._stream) is not None:
            stream.close()

    def _blocks(self, stream: Lines, head: Block, follow: bool) -> Iterator[Block]:
        # Lines that were already passed on come first: all before the last timestamp, then its repeats.
        start, skip, shows = self._last, self._repeats, follow and self.options.unfinished
        for batch in stream.batches():
            stamps: list[bytes] = []
            texts: list[bytes] = []
            unfinished = b""
            for line in batch:
                if not line[:1].isdigit():
                    yield from self._say(line)
                    continue
                stamp, _, text = line.partition(b" ")
                if shows and b"\t" in stamp:
                    unfinished = line.partition(b"\t")[2]
                    continue
                if stamp < start:
                    continue
                if stamp == start and skip:
                    skip -= 1
                    continue
                self._repeats = self._repeats + 1 if stamp == self._last else 1
                self._last = stamp
                stamps.append(stamp)
                texts.append(text)
                unfinished = b""
            if texts or unfinished:
                self.progress += len(texts)
                whole = len(texts) == len(batch)
                raw = batch if whole else [b"%b %b" % one for one in zip(stamps, texts, strict=True)]
                yield replace(head, stamps=stamps, lines=texts, unfinished=unfinished, raw=raw)

    def _say(self, line: bytes) -> Iterator[Block]:
        """Handle a line without a timestamp: a message of the node about a missing log."""
        text = line.decode("utf-8", "replace")
        if text and text != self._said:  # it is repeated after a broken connection
            self._said = text
            yield Block(self.name, self.container, said=text)

    def _open(self, follow: bool, restart: int | None) -> Lines:
        """Open the log of a run: a stored one by uid, others by the name, if that is still the pod's."""
        query, space, one = self._query(follow), self._job.namespace, self.instance
        if self.kept:
            with suppress(*ABSENT):
                return self._cluster.logs(space, one.uid, replace(query, restart=restart), POD_LOGS)
        ago = 0 if restart is None else self.restarts - restart
        if ago not in (0, 1):
            raise NotFound(
                f"run {restart} of {one.name} is no longer available",
                "a cluster keeps only the last two runs of a container",
            )
        stream = self._cluster.logs(space, one.name, replace(query, previous=ago == 1))
        # Checked afterwards: a pod that has taken its name since has its own reader, and a run that began
        # since is not the requested one.
        now = self.state() if follow or self._last else one
        if now is None or restarts(now, self.container) != self.restarts:
            stream.close()
            raise NotFound(f"that run of {one.name} has ended", "a newer pod has the same name")
        return stream

    def _query(self, follow: bool) -> LogQuery:
        from arena.kube import LogQuery

        options = self.options
        start = LogQuery(
            container=self.container,
            follow=follow,
            timestamps=True,
            unfinished=options.unfinished and follow,
            silence=None if follow else SILENCE,
        )
        if found := _STAMP.match(self._last.decode("ascii", "replace")):
            return replace(start, since_time=found[1] + found[2])
        return replace(
            start, tail=options.tail, since_seconds=options.since_seconds, since_time=options.since_time
        )

    def state(self) -> Instance | None:
        """The instance as it is now; None if its pod is gone."""
        from arena.kinds.workload.instances import instance

        try:
            pod = self._cluster.get(PODS, self._job.namespace, self.instance.name)
        except NotFound:
            return None
        return instance(pod) if pod["metadata"]["uid"] == self.instance.uid else None

    def last(self) -> Instance | None:
        """The instance as it was when its pod was removed; None if that is not stored."""
        from arena.kinds.workload.instances import instance

        if not self.kept:
            return None
        try:
            return instance(self._cluster.get(POD_LOGS, self._job.namespace, self.instance.uid)["pod"])
        except ABSENT:
            return None


def restarts(one: Instance, container: str) -> int:
    """The restart count of an instance's container."""
    return next((c.restarts for c in one.containers if c.name == container), 0)
