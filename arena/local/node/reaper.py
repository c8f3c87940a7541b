"""Serves the streams of a command until it exits, then kills everything that it left behind.

Part of the supervisor, so it uses only the standard library.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import time

from arena import operating_system
from arena.local.node.output import Output
from arena.local.node.server_watch import ServerWatch
from arena.local.node.stdin import StdinPipe

TYPE_CHECKING = False
if TYPE_CHECKING:  # as in `supervisor`: the module typing is slow to load
    from typing import Any

DRAIN = 0.2
"""Seconds that output is still read after the command ended, for children that hold the pipe."""


class Reaper:
    """Serves the command's streams until it exits, then kills what is left of it.

    Args:
        pid: the command.
        selector: knows the descriptors to serve.
        server: is looked after meanwhile.
    """

    def __init__(self, pid: int, selector: selectors.BaseSelector, server: ServerWatch) -> None:
        self.pid = pid
        self.selector = selector
        self.server = server
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

    def serve(self, outputs: list[Output]) -> int:
        """Read until command and output have ended, or the output is drained; return the wait status."""
        deadline: float | None = None
        going = len(outputs)
        while going or self.status is None:
            self.reap()
            if self.status is not None and deadline is None:
                deadline = time.monotonic() + DRAIN
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                break
            due = [max(one.due - time.monotonic(), 0) for one in outputs if one.due]
            wait = min([*due, self.server.left if left is None else left])
            going -= sum(self._ready(key) for key, _ in self.selector.select(wait))
            for output in outputs:
                output.show()
            self.server.look()
        return self.status or 0

    def _ready(self, key: selectors.SelectorKey) -> int:
        """Serve one descriptor; return 1 if it is an output that has ended."""
        if isinstance(key.data, StdinPipe):
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
        """Reap all children that exited; False if no child is left."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return True
                if pid == self.pid:
                    self.status = status
        return False

    def clear(self) -> None:
        """Kill what the command left behind: its group and, on Linux, all of its descendants."""
        with contextlib.suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL)
        me = os.getpid()
        deadline = time.monotonic() + 5
        while self.reap() and time.monotonic() < deadline:
            for child in operating_system.children(me):
                with contextlib.suppress(OSError):
                    os.kill(child, signal.SIGKILL)
            self.selector.select(0.02)
