"""Several watches of the cluster seen as one: what is there now, and when it changed."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from arena.errors import ArenaError
from arena.resources import Resource

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]


def _whole(obj: Object) -> Object:
    return obj


class Source(NamedTuple):
    """What to watch: a type, where, which objects of it, and what is kept of each."""

    resource: Resource
    namespace: str | None = None
    labels: str = ""
    fields: str = ""
    shape: Callable[[Object], Any] = _whole


class _News(NamedTuple):
    """What became of an object: how it is now, or None where it is gone."""

    source: int
    uid: str
    object: Any


class _First(NamedTuple):
    source: int
    objects: dict[str, Any]


class Watching:
    """The objects of several sources, kept fresh by one thread a source.

    Entering it waits until every source has said what is there now, so that nobody ever sees half
    of a job; leaving it ends the threads.
    """

    def __init__(self, cluster: Cluster, sources: Sequence[Source]) -> None:
        # No SimpleQueue: on Python 3.10 its `get` may wait for ever where the timeout is short.
        self._news: queue.Queue[_News | _First | ArenaError] = queue.Queue()
        self._shapes = [source.shape for source in sources]
        self._watches = [cluster.watch(*source[:4]) for source in sources]
        self._objects: list[dict[str, Any]] = [{} for _ in sources]
        self._missing = set(range(len(sources)))

    def __enter__(self) -> Watching:
        for number in range(len(self._watches)):
            threading.Thread(target=self._pump, args=(number,), daemon=True).start()
        try:
            while self._missing:
                self._apply(self._news.get())
        except BaseException:
            # A source was refused, or Ctrl-C: the others shall not be watched on.
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for watch in self._watches:
            watch.close()

    def _pump(self, number: int) -> None:
        watch, shape = self._watches[number], self._shapes[number]
        try:
            self._news.put(_First(number, {one["metadata"]["uid"]: shape(one) for one in watch.listed()}))
            for kind, body in watch:
                left = None if kind == "DELETED" else shape(body)
                self._news.put(_News(number, body["metadata"]["uid"], left))
        except ArenaError as error:
            self._news.put(error)

    def objects(self, number: int) -> list[Any]:
        """What the source of that number holds, in its shape, as far as `wait` has read."""
        return list(self._objects[number].values())

    def wait(self, timeout: float | None, settle: float = 0.02) -> bool:
        """Take in what changed; False where `timeout` seconds passed without news.

        Args:
            timeout: seconds, None to wait for ever.
            settle: how long to gather what comes together.

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

    def _apply(self, news: _News | _First | ArenaError) -> None:
        if isinstance(news, ArenaError):
            raise news
        held = self._objects[news.source]
        if isinstance(news, _First):
            held.update(news.objects)
            self._missing.discard(news.source)
        elif news.object is None:
            held.pop(news.uid, None)
        else:
            held[news.uid] = news.object
