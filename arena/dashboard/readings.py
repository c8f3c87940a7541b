"""The last answer of each panel, read once for all viewers.

A reading that takes long is shown when it ends; until then viewers get the last one, or how long it has been
going on. So a slow cluster delays only the panel that waits for it, and is never asked twice at a time.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from time import monotonic

from arena.tuples import NamedTuple

FRESH = 2.0
"""Seconds for which an answer is not read again."""
SHARE = 4.0
"""The same, as a multiple of how long the reading took: a large cluster is asked less often."""
RARELY = 30.0
"""Maximum of these seconds."""
WAIT = 1.5
"""Seconds that a viewer waits for a reading."""
KEPT = 60.0
"""Seconds after which an answer that nobody asks for is forgotten."""
TOGETHER = 16
"""Number of readings at a time."""


class Answer(NamedTuple):
    """What a panel has read: JSON, and a tag that changes with it."""

    body: bytes
    tag: str
    at: float
    """When it was read, by the clock of `monotonic`."""


def answer(body: bytes) -> Answer:
    """The answer with its tag."""
    return Answer(body, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"', monotonic())


class _Reading:
    """A panel's last answer, and the reading of the next."""

    def __init__(self) -> None:
        self.answer: Answer | None = None
        self.used = self.begun = monotonic()
        self.due = 0.0
        self.ended = threading.Event()
        self.ended.set()

    def run(self, read: Callable[[], bytes], free: Callable[[], object]) -> None:
        try:
            self.answer = answer(read())
        finally:  # a bug shows its traceback on the terminal
            took = monotonic() - self.begun
            self.due = monotonic() + min(max(FRESH, SHARE * took), RARELY)
            free()
            self.ended.set()


class Readings:
    """The answers of all panels; may be shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readings: dict[str, _Reading] = {}
        self._slots = threading.Semaphore(TOGETHER)

    def answer(self, key: str, read: Callable[[], bytes], wait: float = WAIT) -> Answer | float:
        """The answer for a key, at most a moment old if the cluster is quick.

        Returns:
            The seconds that the first reading has been going on, if it has not ended.
        """
        with self._lock:
            one = self._entry(key)
            if one.ended.is_set() and monotonic() >= one.due and self._slots.acquire(blocking=False):
                one.begun = monotonic()
                one.ended.clear()
                threading.Thread(target=one.run, args=(read, self._slots.release), daemon=True).start()
        one.ended.wait(wait)
        return one.answer or monotonic() - one.begun

    def forget(self) -> None:
        """Read everything again when it is asked for, as something was changed."""
        with self._lock:
            for one in self._readings.values():
                one.due = 0.0

    def _entry(self, key: str) -> _Reading:
        now = monotonic()
        for old in [name for name, one in self._readings.items() if now - one.used > KEPT]:
            if self._readings[old].ended.is_set():
                del self._readings[old]
        one = self._readings.setdefault(key, _Reading())
        one.used = now
        return one
