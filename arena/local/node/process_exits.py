"""Waits for the exit of many processes at once."""

import os
import selectors
from contextlib import suppress

from arena import operating_system


class ExitWatcher:
    """Waits until a process exits or `wake` is called.

    An exit is reported once, so that one that nobody attends to does not keep the waiting thread busy.
    """

    def __init__(self) -> None:
        self._open = operating_system.pidfd_open()
        self._selector = selectors.DefaultSelector()
        self._pids: dict[str, dict[int, int]] = {}
        self._wake, self._waker = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(self._waker, False)
        self._selector.register(self._wake, selectors.EVENT_READ, "")

    def watch(self, uid: str, pids: set[int]) -> bool:
        """Watch only these processes of a pod; False if the system cannot report all of their exits."""
        held = self._pids.setdefault(uid, {})
        for pid in held.keys() - pids:
            self._drop(held.pop(pid))
        for pid in pids - held.keys():
            if self._open is None:
                return False
            try:
                held[pid] = self._open(pid)
            except OSError:  # it ended already
                return False
            self._selector.register(held[pid], selectors.EVENT_READ, uid)
        if not held:
            del self._pids[uid]
        return True

    def _drop(self, fd: int) -> None:
        with suppress(KeyError):  # its exit was reported
            self._selector.unregister(fd)
        os.close(fd)

    def wake(self) -> None:
        """Make `wait` return; callable from any thread."""
        with suppress(OSError):  # full, so it will wake; or closed
            os.write(self._waker, b"!")

    def wait(self, timeout: float | None) -> set[str]:
        """Wait for an exit, a wake-up or the timeout, and return the pods whose processes exited."""
        exited = [key for key, _ in self._selector.select(timeout) if key.data]
        for key in exited:
            self._selector.unregister(key.fd)
        with suppress(BlockingIOError):
            os.read(self._wake, 65536)
        return {key.data for key in exited}

    def close(self) -> None:
        """Close all descriptors."""
        for held in self._pids.values():
            for fd in held.values():
                self._drop(fd)
        self._selector.close()
        os.close(self._wake)
        os.close(self._waker)
