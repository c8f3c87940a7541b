"""Has the server started again if it was killed together with the proxy, which would have done so.

Part of the supervisor, so it uses only the standard library.
"""

from __future__ import annotations

import os
import signal
import time

from arena import operating_system
from arena.local import locks, restart

LOOK = 5.0
"""Seconds between two checks; each costs a few system calls."""


class ServerWatch:
    """Checks now and then whether both were killed.

    Without a proxy there are no Services, and the next command starts the server.

    Args:
        home: the state folder.
    """

    def __init__(self, home: str) -> None:
        self._home = home
        self._due = time.monotonic() + LOOK

    @property
    def left(self) -> float:
        """Seconds until the next check."""
        return max(self._due - time.monotonic(), 0)

    def look(self) -> None:
        """Check, if it is time."""
        if self.left:
            return
        self._due = time.monotonic() + LOOK
        if locks.fell(self._home, locks.PROXY) and restart.is_due(self._home):
            _start(restart.command(self._home))


def _start(argv: list[str]) -> None:
    """Run a program that is no descendant of this process, which kills those."""
    operating_system.adopt_orphans(False)
    try:
        child = os.fork()
        if child == 0:
            _leave(argv)
        os.waitpid(child, 0)
    except OSError:
        return  # no memory; the next check tries it again
    finally:
        operating_system.adopt_orphans(True)


def _leave(argv: list[str]) -> None:
    """In the forked child: run the program as a child of the system's first process."""
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if os.fork() == 0:
            os.execv(argv[0], argv)
    finally:
        os._exit(0)
