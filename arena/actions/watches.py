"""Several watches of the cluster as one: the present objects and their changes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any

from arena.errors import ArenaError
from arena.resources import Resource
from arena.tuples import NamedTuple

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.kube.watches import Watch

Object = dict[str, Any]
RETRY = 30.0
"""Seconds before an optional source that cannot be watched is tried again."""


def _whole(obj: Object) -> Object:
    return obj


class Source(NamedTuple):
    """What to watch: a type, a namespace, a selection of objects, and what to keep of each."""

    resource: Resource
    namespace: str | None = None
    labels: str = ""
    fields: str = ""
    shape: Callable[[Object], Any] = _whole
    optional: bool = False
    """Whether to continue with the others while this one cannot be watched; see `Watching.errors`."""


class _News(NamedTuple):
    """A change of an object: its present state, or None if it is gone."""

    source: int
    uid: str
    object: Any


class _First(NamedTuple):
    source: int
    objects: dict[str, Any]


class _Failed(NamedTuple):
    source: int
    error: ArenaError


class Watching:
    """The objects of several sources, updated by one thread per source.

    Entering it waits until every source has listed its objects, so that nobody ever sees half of a job;
    leaving it ends the threads.
    """

    def __init__(self, cluster: Cluster, sources: Sequence[Source]) -> None:
        # Not a SimpleQueue: on Python 3.10 its `get` may wait forever if the timeout is short.
        self._news: queue.Queue[_News | _First | _Failed] = queue.Queue()
        self._cluster = cluster
        self._sources = sources
        self._watches: list[Watch | None] = [None for _ in sources]
        self._left = threading.Event()
        self.errors: dict[int, ArenaError] = {}
        """Numbers of optional sources that cannot be watched at present, and why."""
        self._objects: list[dict[str, Any]] = [{} for _ in sources]
        self._missing = set(range(len(sources)))

    def __enter__(self) -> Watching:
        for number in range(len(self._sources)):
            threading.Thread(target=self._pump, args=(number,), daemon=True).start()
        try:
            while self._missing:
                self._apply(self._news.get())
        except BaseException:
            # A source was refused, or Ctrl-C: stop watching the others.
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        for watch in filter(None, self._watches):
            watch.close()

    def _pump(self, number: int) -> None:
        told = ""
        while not self._left.is_set():
            try:
                for one in self._changes(number):
                    self._news.put(one)
                    told = ""
            except ArenaError as error:
                if error.message != told:
                    self._news.put(_Failed(number, error))
                told = error.message
                if not self._sources[number].optional:
                    return
            self._left.wait(RETRY)

    def _changes(self, number: int) -> Iterator[_First | _News]:
        source = self._sources[number]
        watch = self._watches[number] = self._cluster.watch(*source[:4])
        if self._left.is_set():
            watch.close()  # `__exit__` may have been too early to see it
        yield _First(number, {one["metadata"]["uid"]: source.shape(one) for one in watch.listed()})
        for kind, body in watch:
            left = None if kind == "DELETED" else source.shape(body)
            yield _News(number, body["metadata"]["uid"], left)

    def objects(self, number: int) -> list[Any]:
        """The objects of the source with that number, as far as `wait` has read."""
        return list(self._objects[number].values())

    def wait(self, timeout: float | None, settle: float = 0.02) -> bool:
        """Process changes; return False if none came within `timeout` seconds.

        Args:
            timeout: seconds; None to wait forever.
            settle: seconds to collect further changes.

        Raises:
            ArenaError: a watch failed for good.
        """
        try:
            self._apply(self._news.get(timeout=timeout))
        except queue.Empty:
            return False
        deadline = monotonic() + settle
        while (left := deadline - monotonic()) > 0:
            try:
                self._apply(self._news.get(timeout=left))
            except queue.Empty:
                break
        return True

    def _apply(self, news: _News | _First | _Failed) -> None:
        if isinstance(news, _Failed):
            if not self._sources[news.source].optional:
                raise news.error
            self.errors[news.source] = news.error
            self._objects[news.source].clear()
            self._missing.discard(news.source)
            return
        held = self._objects[news.source]
        if isinstance(news, _First):
            held |= news.objects
            self.errors.pop(news.source, None)
            self._missing.discard(news.source)
        elif news.object is None:
            held.pop(news.uid, None)
        else:
            held[news.uid] = news.object
