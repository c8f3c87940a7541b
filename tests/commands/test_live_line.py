"""The one line that waiting shows, on a terminal and piped."""

import fcntl
import io
import os
import pty
import struct
import termios
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import TextIO

import pytest

from arena.commands._progress import Live
from arena.model.findings import Finding
from arena.model.jobs import Job, Phase
from arena.views.jobs import summary

WAITING = Job(
    kind="pytorchjob",
    name="bert",
    namespace="default",
    uid="u",
    phase=Phase.PENDING,
    findings=(Finding("sched.gpu-short", "0/12 nodes are available: 12 Insufficient nvidia.com/gpu"),),
    created=datetime(2030, 1, 1, tzinfo=timezone.utc),
    wanted=4,
)


@pytest.fixture
def terminal() -> Iterator[tuple[TextIO, int]]:
    """A terminal of 40 columns, and the end that sees what is written to it."""
    near, far = pty.openpty()
    fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
    with os.fdopen(far, "w", encoding="utf-8") as stream:
        yield stream, near
    os.close(near)


def test_a_narrow_terminal_cuts_only_the_reason(terminal: tuple[TextIO, int]) -> None:
    """Phase, instances and seconds are seen on 40 columns, and ^C still fits behind the line."""
    stream, near = terminal
    Live(stream).show(summary(WAITING, 7.9))
    line = os.read(near, 1000).decode().removeprefix("\r\x1b[K")
    assert line.startswith("bert: PENDING  0/4 ready  7s  (0/12 ")
    assert len(line) + len("^C") < 40


def test_piped_a_line_a_change() -> None:
    """Piped, a line is printed whole, and again only when its key is another."""
    stream = io.StringIO()
    with Live(stream) as live:
        for seconds, key in ((0, "a"), (1, "a"), (2, "b")):
            live.show(summary(WAITING, seconds), key)
    assert stream.getvalue().splitlines() == [summary(WAITING, 0), summary(WAITING, 2)]
