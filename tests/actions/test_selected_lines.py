"""Which lines of the logs are shown."""

import re

import pytest

from arena.actions.jobs.logs.lines import Block
from arena.actions.jobs.logs.selection import Selection


@pytest.mark.parametrize(
    ("pattern", "lines", "kept"),
    [
        ("loss", [b"loss 1", b"step 2", b"a loss"], [0, 2]),
        ("^ERROR: x$", [b"\x1b[31mERROR\x1b[0m: x", b"ERROR: xy"], [0]),
        ("50%", [b"\r10%\r50%\r100%\r", b"\r10%\r50%"], [1]),
        ("größe", ["die größe".encode(), "gro\u0308ße".encode()], [0]),
        (r"\\x1b|title", [b"\x1b]0;title\x07hidden"], []),
        ("a", [b"", b"b"], []),
    ],
)
def test_what_a_pattern_is_found_in(pattern: str, lines: list[bytes], kept: list[int]) -> None:
    """A line is searched as a terminal shows it, and passed on as the program wrote it, with its stamp."""
    stamps = [b"2030-01-01T00:00:0%dZ" % number for number in range(len(lines))]
    raw = [b"%b %b" % pair for pair in zip(stamps, lines, strict=True)]
    [block] = Selection(re.compile(pattern)).take(Block("a", "c", stamps, lines, raw=raw))
    assert block.lines == [lines[place] for place in kept]
    assert block.stamps == [stamps[place] for place in kept]
    assert block.raw == [raw[place] for place in kept]


def test_unfinished_lines_and_remarks() -> None:
    """An unfinished line is shown while the pattern is found in it, and remarks on a log always."""
    selection = Selection(re.compile("50%"))
    assert [one.unfinished for one in selection.take(Block("a", "c", unfinished=b"\r50%"))] == [b"\r50%"]
    assert [one.unfinished for one in selection.take(Block("a", "c", unfinished=b"\r60%"))] == [b""]
    remark = Block("a", "c", said="its log is gone")
    assert list(selection.take(remark)) == [remark]
