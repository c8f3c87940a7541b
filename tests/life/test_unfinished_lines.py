"""Output of programs as it reaches a person: progress bars, colours, control sequences; and pipes."""

from collections.abc import Iterator

import pytest
from product import Product
from terminals import Pty

BAR = """
import os, sys, time
rank = os.environ["RANK"]

def wait(name):
    while not os.path.exists(name):
        time.sleep(0.01)

for step in (10, 20, 30):
    sys.stderr.write(f"\\r{step}%|bar of {rank}|")
    sys.stderr.flush()
print(f"line of {rank}", flush=True)
wait(f"go-{rank}")
sys.stderr.write(f"\\r100%|bar of {rank}|\\n")
sys.stderr.flush()
wait("end")
print("done")
"""
NOISE = """
import os, sys
write = sys.stdout.buffer.write
write(b"\\x1b[31mred\\x1b[0m \\x1b[2J\\x1b]0;title\\x07\\x9bK\\xc2\\x9b2Jtext \\xff\\n")
write(b"\\x1b]0;split\\nover lines\\x07\\x1b[\\n1mend\\n")
write(b"first\\rsecond\\r\\n")
"""
BYTES = (
    b"\x1b[31mred\x1b[0m \x1b[2J\x1b]0;title\x07\x9bK\xc2\x9b2Jtext \xff\n"
    b"\x1b]0;split\nover lines\x07\x1b[\n1mend\nfirst\rsecond\r\n"
)


@pytest.fixture
def screen() -> Iterator[Pty]:
    one = Pty()
    yield one
    one.close()


def test_a_bar_is_seen_as_it_grows(arena: Product, screen: Pty) -> None:
    """Text without a line end is shown when it is written, and the line when it is whole, once."""
    arena.submit("one", BAR)
    child = arena.start("logs", "-f", "one", stdout=screen.far)
    screen.shows(lambda lines: lines[:2] == ["line of 0", "30%|bar of 0|"])
    (arena.home / "go-0").touch()
    screen.shows(lambda lines: "100%|bar of 0|" in lines)
    (arena.home / "end").touch()
    child.communicate(timeout=30)
    screen.shows(lambda lines: lines == ["line of 0", "100%|bar of 0|", "done", ""])


def test_bars_of_several_instances_share_the_terminal(arena: Product, screen: Pty) -> None:
    """Each instance has its own row with its name before it, below the lines that are whole."""
    arena.submit("two", BAR, "--workers", "2")
    child = arena.start("logs", "-f", "two", stdout=screen.far)
    bars = {"[master-0] 30%|bar of 0|", "[worker-0] 30%|bar of 1|"}
    said = ["[master-0] line of 0", "[worker-0] line of 1"]
    screen.shows(lambda lines: (sorted(lines[:-3]), set(lines[-3:-1])) == (said, bars))
    (arena.home / "go-1").touch()
    whole = "[worker-0] 100%|bar of 1|"
    screen.shows(lambda lines: lines[-3:] == [whole, "[master-0] 30%|bar of 0|", ""])
    (arena.home / "go-0").touch()
    screen.shows(lambda lines: "[master-0] 100%|bar of 0|" in lines)
    (arena.home / "end").touch()
    child.communicate(timeout=30)
    lines = screen.shows(lambda lines: lines.count("[master-0] done") == 1)
    assert not bars & set(lines)
    assert "\n".join(lines).count("bar of 1") == 1


def test_a_row_is_cut_at_the_edge(arena: Product) -> None:
    """A bar that is wider than the terminal takes one row, which can be written over."""
    screen = Pty(columns=24)
    try:
        arena.submit("two", BAR.replace("bar of", "作业" * 8 + "bar of"), "--workers", "2")
        child = arena.start("logs", "-f", "two", stdout=screen.far)
        screen.shows(lambda lines: sum("30%|作业作业" in line for line in lines) == 2)
        assert not any("bar" in line for line in screen.lines)
        for name in ("go-0", "go-1", "end"):
            (arena.home / name).touch()
        child.communicate(timeout=30)
        lines = screen.shows(lambda lines: sum("done" in line for line in lines) == 2)
        assert "\n".join(lines).count("100%|") == 2
        assert not any("30%" in line and "100%" not in line for line in lines)
    finally:
        screen.close()


@pytest.mark.parametrize("words", [("logs",), ("logs", "-f")], ids=" ".join)
def test_a_terminal_gets_colours_and_no_other_control(
    arena: Product, screen: Pty, words: tuple[str, ...]
) -> None:
    """Titles, cursor movements and former states of bars are removed, even if a line end cuts them off."""
    arena.submit("noisy", NOISE)
    arena.must("wait", "noisy")
    child = arena.start(*words, "noisy", "--prefix", stdout=screen.far)
    child.communicate(timeout=30)
    lines = screen.shows(lambda lines: len(lines) > 5)
    assert lines == [
        "[master-0] red �Ktext �", "[master-0] ", "[master-0] over lines", "[master-0] 1mend",
        "[master-0] second", "",
    ]  # fmt: skip
    assert b"\x1b[31mred\x1b[0m" in screen.raw
    assert b"first" not in screen.raw


@pytest.mark.parametrize("words", [("logs",), ("logs", "-f")], ids=" ".join)
def test_a_pipe_gets_the_bytes_of_the_program(arena: Product, words: tuple[str, ...]) -> None:
    """Piped, the output is what the program wrote, byte by byte."""
    arena.submit("noisy", NOISE)
    arena.must("wait", "noisy")
    child = arena.start(*words, "noisy")
    assert child.communicate(timeout=30)[0] == BYTES


def test_a_pipe_gets_whole_lines(arena: Product) -> None:
    """Piped, bars of several instances come as lines, each once and whole, not mixed with those of stdout."""
    arena.submit("two", BAR, "--workers", "2")
    child = arena.start("logs", "-f", "two")
    for name in ("go-0", "go-1", "end"):
        (arena.home / name).touch()
    out, _ = child.communicate(timeout=30)
    for place, rank in (("master-0", 0), ("worker-0", 1)):
        lines = [line for line in out.split(b"\n") if line.startswith(f"[{place}] ".encode())]
        bar = "".join(f"\r{percent}%|bar of {rank}|" for percent in (10, 20, 30, 100))
        said = (bar.encode(), b"done", f"line of {rank}".encode())
        assert sorted(lines) == [f"[{place}] ".encode() + line for line in said]
