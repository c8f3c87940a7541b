"""The watch of callers in the same process: everything first, then every change."""

import json
import queue
from collections.abc import Iterable, Iterator

from arena.local.api.store import Entry, Rows, Store
from arena.local.api.types import Type, named
from arena.local.objects import Change

Item = tuple[str, str, str]


class Feed:
    """Implements `objects.Watch`; texts are parsed when they are taken, by the taker."""

    def __init__(self, store: Store, types: Iterable[Type]) -> None:
        # No SimpleQueue: on Python 3.10 its `get` may wait for ever where the timeout is short or none.
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

    def __iter__(self) -> Iterator[Change]:
        while (change := self.poll(None)) is not None:
            yield change

    def poll(self, timeout: float | None) -> Change | None:
        """The next change; None after `timeout` seconds, or when the watch is closed."""
        if self._closed:
            return None
        try:
            item = self._queue.get(timeout=timeout)
        except queue.Empty:
            return None
        if item is None:
            self._queue.put(None)  # for a second reader, if there is one
            return None
        kind, key, body = item
        return Change(kind, named(key).resource, json.loads(body))

    def close(self) -> None:
        """End the watch and wake whoever waits."""
        self._closed = True
        self._end()
        self._queue.put(None)
