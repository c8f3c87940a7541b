"""Messages about slow requests and servers that are away."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENT = 1.0
"""Seconds before a message."""


class Waiting:
    """Reports what is awaited, only once for simultaneous requests; may be shared by threads.

    Args:
        tell: called with a line about a request; None for no messages.
        lost: called with a line about a server that is away or back.
        patience: seconds for which followers continue without the server.
    """

    def __init__(
        self,
        tell: Callable[[str], None] | None = None,
        lost: Callable[[str], None] = lambda text: None,
        patience: float = 600.0,
    ) -> None:
        self.patience = patience
        self._tell = tell
        self._tell_lost = lost
        self._lock = threading.Lock()
        self._told: object = None
        self._away = False
        self._back = 0.0

    @contextmanager
    def on(self, text: Callable[[], str]) -> Iterator[None]:
        """Tell the text once the block has taken a second."""
        if self._tell is None:
            yield
            return
        wait = object()
        timer = threading.Timer(PATIENT, self._say, (wait, text))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            with self._lock:
                if self._told is wait:
                    self._told = None

    def lost(self, cluster: str, since: float) -> None:
        """Tell once that a server is away, if it has been for a second: connections break now and then."""
        with self._lock:
            if not self._away and time.monotonic() - max(since, self._back) > PATIENT:
                self._away = True
                limit = f"{self.patience:.0f}s"
                self._tell_lost(f"{_clock()} connection to {cluster} lost, trying again for up to {limit}")

    def found(self, cluster: str) -> None:
        """Report that the server is back, if it was reported to be away."""
        with self._lock:
            self._back = time.monotonic()
            if self._away:
                self._away = False
                self._tell_lost(f"{_clock()} connected to {cluster} again")

    def _say(self, wait: object, text: Callable[[], str]) -> None:
        with self._lock:
            if self._tell is None or self._told is not None:
                return
            self._told = wait
            self._tell(text())


def _clock() -> str:
    return time.strftime("%H:%M:%S")
