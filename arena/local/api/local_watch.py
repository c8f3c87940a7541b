"""Watches of callers in the same process: all objects first, then every change."""

import json
import queue
from collections.abc import Iterable, Iterator

from arena.local.api.resource_types import Type, named
from arena.local.api.store import Entry, Rows, Store
from arena.local.objects import WatchEvent

Item = tuple[str, str, str]


class LocalWatch:
    """Implements `objects.Watch`; the reader parses texts when it takes them."""

    def __init__(self, store: Store, types: Iterable[Type]) -> None:
        # Not a SimpleQueue: on Python 3.10 its `get` may wait forever if the timeout is short or zero.
        self._queue: queue.Queue[Item | None] = queue.Queue()
        self._keys = {one.key for one in types}
        self._closed = False
        with store.lock:
            for key in sorted(self._keys):
                for row in store.rows(Rows(key)):
                    self._queue.put(("ADDED", key, row.body))
            self._end = store.listen(self._hear)

    def _hear(self, entry: Entry) -> None:
        if entry.key in self._keys:
            self._queue.put((entry.type, entry.key, entry.body))

    def __iter__(self) -> Iterator[WatchEvent]:
        while (change := self.poll(None)) is not None:
            yield change

    def poll(self, timeout: float | None) -> WatchEvent | None:
        """Return the next change; None after `timeout` seconds, or when the watch is closed."""
        if self._closed:
            return None
        try:
            item = self._queue.get(timeout=timeout)
        except queue.Empty:
            return None
        if item is None:
            self._queue.put(None)  # for a second reader, if any
            return None
        kind, key, body = item
        return WatchEvent(kind, named(key).resource, json.loads(body))

    def close(self) -> None:
        """End the watch and wake up waiting readers."""
        self._closed = True
        self._end()
        self._queue.put(None)
