"""Connects the user's terminal to a program in an instance: raw mode, window size, exit code."""

import contextlib
import os
import select
import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from arena.commands import _console
from arena.errors import ArenaError
from arena.values import frozen

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.kube.streams import Terminal
    from arena.model.instances import Instance
    from arena.session import Session

PATIENCE = 2.0
"""Seconds for a command to end by itself if it cannot be told that its input has ended."""


@frozen
class Place:
    """The container of a job that the flags select."""

    kind: "Kind | None"
    instance: str
    container: str

    def find(self, session: "Session", name: str) -> "tuple[Instance, str]":
        """Return the running instance and its container; raises the errors of `instances.running`."""
        from arena.actions.jobs import instances

        _, one = instances.running(session, name, self.instance, kind=self.kind)
        return one, instances.container(one, self.container)


def attach(session: "Session", where: "tuple[Instance, str]", words: Sequence[str], *, main: bool) -> int:
    """Open a shell in a container, or run another command there; return its exit code.

    Args:
        main: whether to join the main program instead.
    """
    from arena.actions.jobs import instances

    one, container = where
    if main:
        with instances.attach(session.cluster(), one, container=container, stdin=False, tty=False) as opened:
            return join(opened, stdin=False, tty=False)
    _console.remark(f"Hello! Arena attach the container {container} of instance {one.name}")
    return execute(session, where, words or ("sh",), stdin=True, tty=None)


def execute(
    session: "Session", where: "tuple[Instance, str]", words: Sequence[str], *, stdin: bool, tty: bool | None
) -> int:
    """Run a command in a container, connected to this terminal; return its exit code.

    Args:
        stdin: whether to send standard input, which a terminal always does.
        tty: whether the remote side is a terminal; None if it shall be what this side is.
    """
    from arena.actions.jobs import instances

    one, container = where
    tty = is_terminal() if tty is None else tty
    stdin = stdin or tty
    cluster = session.cluster()
    with instances.execute(cluster, one, words, container=container, stdin=stdin, tty=tty) as opened:
        return join(opened, stdin=stdin, tty=tty)


def is_terminal() -> bool:
    """Whether stdin and stdout are terminals."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def join(terminal: "Terminal", *, stdin: bool, tty: bool) -> int:
    """Transfer input and output until the program ends; return its exit code.

    Args:
        terminal: the open session.
        stdin: whether to send standard input.
        tty: whether the remote side is a terminal, which receives keys raw, including Ctrl-C.
    """
    with _raw() if tty and sys.stdin.isatty() else contextlib.nullcontext():
        if tty:
            _resizing(terminal)
        if stdin:
            threading.Thread(target=_feed, args=(terminal,), daemon=True).start()
        return terminal.wait(sys.stdout.buffer, sys.stderr.buffer)


@contextlib.contextmanager
def _raw() -> Iterator[None]:
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    tty.setraw(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _resizing(terminal: "Terminal") -> None:
    def tell(*_: object) -> None:
        columns, rows = shutil.get_terminal_size()
        terminal.resize(columns, rows)

    tell()
    signal.signal(signal.SIGWINCH, tell)


def _feed(terminal: "Terminal") -> None:
    """Send standard input to its end, or until the session ends."""
    number = sys.stdin.fileno()
    with contextlib.suppress(OSError, ArenaError):
        while True:
            select.select([number], [], [])
            data = os.read(number, 1 << 15)
            if not data:
                if not terminal.end_input():
                    _explain()
                return
            terminal.send(data)


def _explain() -> None:
    """Explain why a command that reads its input to the end does not end; most end before."""
    threading.Event().wait(PATIENCE)
    text = "the cluster is too old to tell the command that its input has ended; Ctrl-C leaves it"
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
