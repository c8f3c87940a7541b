"""The rows at the bottom of a terminal, for lines that have no end yet."""

import os
import sys
from collections.abc import Iterator

import pytest
from terminals import Pty

from arena.actions.jobs.logs.lines import Block
from arena.commands._log_printer import Sink


@pytest.fixture
def screen() -> Iterator[Pty]:
    one = Pty(columns=40, rows=6)
    yield one
    one.close()


def sink_on(screen: Pty, patch: pytest.MonkeyPatch) -> Sink:
    """A sink whose stdout is the terminal; so is stderr."""
    for name in ("stdout", "stderr"):
        patch.setattr(sys, name, open(screen.far, "w", encoding="utf-8", closefd=False))  # noqa: SIM115
    patch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((40, 6)))
    return Sink(prefix=True, stamps=False)


def bar(number: int, text: str, *lines: bytes) -> Block:
    return Block(f"j-{number}", "main", [b""] * len(lines), lines, text.encode())


def test_rows_stay_in_their_order(screen: Pty, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each instance has its place, however often it is drawn; a whole line stands above, a row less below."""
    sink = sink_on(screen, monkeypatch)
    for number, text in ((2, "a"), (1, "b"), (2, "c"), (1, "d")):
        sink.write(bar(number, text))
    screen.shows(lambda lines: lines == ["[j-1] d", "[j-2] c", ""])
    sink.write(bar(1, "", b"whole"))
    screen.shows(lambda lines: lines == ["[j-1] whole", "[j-2] c", ""])


def test_more_rows_than_the_terminal_has(screen: Pty, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has no room is counted, and the rows can still be written over."""
    sink = sink_on(screen, monkeypatch)
    for _ in range(2):
        for number in range(8):
            sink.write(bar(number, "x" * 100))
    cut = "[j-{}] " + "x" * 33
    screen.shows(lambda lines: lines == [*map(cut.format, range(3)), "... and 5 more", ""])


def test_a_remark_stands_above_the_rows(screen: Pty, monkeypatch: pytest.MonkeyPatch) -> None:
    """A remark on a log in between neither breaks the rows nor is overwritten."""
    sink = sink_on(screen, monkeypatch)
    sink.write(bar(1, "10%"))
    sink.write(Block("j-2", "main", said="its log is gone"))
    sink.write(bar(1, "20%"))
    screen.shows(lambda lines: lines == ["j-2: its log is gone", "[j-1] 20%", ""])
