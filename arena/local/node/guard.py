"""Watches over a command: serves its streams to its end, then sees to it that nothing of it is left.

Part of a supervisor, so of the standard library only.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import selectors
import signal
import sys
import time

from arena.local.node.streams import Input, Output

TYPE_CHECKING = False
if TYPE_CHECKING:  # as in `supervisor`: the module typing is slow to load
    from typing import Any

DRAIN = 0.2
"""Seconds that output is still read after the command ended, for children that hold the pipe."""
PR_SET_CHILD_SUBREAPER = 36


def adopt_descendants() -> None:
    """Ask Linux to hand orphaned descendants to us, so that none escapes by a new session."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Guard:
    """Serves the command's streams until it ended, then makes sure that nothing of it is left."""

    def __init__(self, pid: int, selector: selectors.BaseSelector) -> None:
        self.pid = pid
        self.selector = selector
        self.status: int | None = None
        signal.signal(signal.SIGTERM, self._pass_on)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        wake, wakeup = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(wakeup, False)
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
        selector.register(wake, selectors.EVENT_READ, None)

    def _pass_on(self, number: int, _: Any) -> None:
        with contextlib.suppress(OSError):
            os.killpg(self.pid, number)

    def serve(self, outputs: int) -> int:
        """Read until the command ended and its output with it, or was drained; its wait status."""
        deadline: float | None = None
        while outputs or self.status is None:
            self.reap()
            if self.status is not None and deadline is None:
                deadline = time.monotonic() + DRAIN
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                break
            outputs -= sum(self._ready(key) for key, _ in self.selector.select(left))
        return self.status or 0

    def _ready(self, key: selectors.SelectorKey) -> int:
        """Serve one descriptor; 1 when an output ended by it."""
        if isinstance(key.data, Input):
            key.data.ready(self.selector)
        elif isinstance(key.data, Output):
            if not key.data.read():
                self.selector.unregister(key.fd)
                return 1
        else:
            with contextlib.suppress(BlockingIOError):
                os.read(key.fd, 4096)
        return 0

    def reap(self) -> bool:
        """Take the ends of all children that ended; False when there is no child any more."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return True
                if pid == self.pid:
                    self.status = status
        return False

    def clear(self) -> None:
        """Kill what the command left behind: its group, and (on Linux) everything descended from it."""
        with contextlib.suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL)
        me = os.getpid()
        deadline = time.monotonic() + 5
        while self.reap() and time.monotonic() < deadline:
            for child in children(me):
                with contextlib.suppress(OSError):
                    os.kill(child, signal.SIGKILL)
            self.selector.select(0.02)


def children(parent: int) -> list[int]:
    """The processes whose parent is `parent`; none where there is no /proc."""
    found = []
    with contextlib.suppress(OSError):
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as stat:
                if int(stat.read().rpartition(b")")[2].split()[1]) == parent:
                    found.append(int(name))
    return found
