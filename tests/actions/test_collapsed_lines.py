"""The same line of several instances, shown once; and the first error of all."""

from collections.abc import Iterable

import pytest

from arena.actions.jobs.logs.collapse import WINDOW, Collapse
from arena.actions.jobs.logs.first_error import FirstError
from arena.actions.jobs.logs.lines import Block, Options
from arena.model.instances import Instance
from arena.model.jobs import Job, Phase

JOB = Job(
    name="a",
    namespace="n",
    kind="pytorchjob",
    phase=Phase.RUNNING,
    wanted=4,
    instances=tuple(
        Instance(name=f"a-{role}-{number}", namespace="n", role=role, index=number, chief=role == "master")
        for role, number in (("master", 0), ("worker", 0), ("worker", 1), ("worker", 2))
    ),
)
NAMES = [one.name for one in JOB.instances]


def said(rank: int, *lines: str) -> Block:
    """Lines that a rank has written."""
    texts = [line.encode() for line in lines]
    return Block(NAMES[rank], "c", [b"2030-01-01T00:00:0%dZ" % rank] * len(texts), texts)


def shown(blocks: Iterable[Block], options: Options | None = None) -> list[tuple[str, str]]:
    one = Collapse(options or Options(), follow=False)
    one.learn(JOB)
    found = [made for block in blocks for made in one.take(block)]
    return [
        (block.instance.removeprefix("a-"), line.decode())
        for block in [*found, *one.end()]
        for line in block.lines
    ]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([["x"]] * 4, [("all 4", "x")]),
        ([["x"], ["x"], [], ["x"]], [("3: ranks 0-1,3", "x")]),
        ([["x"], ["y"], [], []], [("master-0", "x"), ("worker-0", "y")]),
        ([["x", "x"], ["x"], [], []], [("2: ranks 0-1", "x"), ("master-0", "x")]),
        (
            [["a", "b"], ["b", "a"], [], []],
            [("master-0", "a"), ("2: ranks 0-1", "b"), ("worker-0", "a")],
        ),
        ([[f"[rank{rank}]: up"] for rank in range(4)], [("all 4", "[rank0]: up")]),
        (
            [["lost rank 3"], ["lost rank 2"], [], []],
            [("master-0", "lost rank 3"), ("worker-0", "lost rank 2")],
        ),
        (
            [[f"2030-01-01 00:00:0{rank},123 INFO up"] for rank in range(4)],
            [("all 4", "2030-01-01 00:00:00,123 INFO up")],
        ),
        ([["\x1b[31mx\x1b[0m"], ["x"], ["\r5%\rx"], []], [("3: ranks 0-2", "\x1b[31mx\x1b[0m")]),
    ],
)
def test_lines_of_several_ranks(lines: list[list[str]], found: list[tuple[str, str]]) -> None:
    """Each line is counted once for each rank, in the order in which that rank wrote it."""
    assert shown(said(rank, *texts) for rank, texts in enumerate(lines)) == found


def test_a_line_waits_for_a_bounded_number_of_others() -> None:
    """Only so many lines wait, and what was shown alone is not counted again."""
    many = [str(number) for number in range(5 * WINDOW)]
    found = shown([said(0, "x", *many), said(1, "x", *many)])
    assert found[0] == ("master-0", "x")
    assert ("worker-0", "x") in found
    assert sum(2 if label.startswith("2:") else 1 for label, _ in found) == 2 * (len(many) + 1)


def test_lines_of_selected_ranks() -> None:
    """Of two selected ranks, both are all."""
    assert shown([said(0, "x"), said(1, "x")], Options(ranks=(range(2),))) == [("all 2", "x")]


def trace(message: str) -> tuple[str, ...]:
    return "Traceback (most recent call last):", '  File "a.py", line 1, in f', message


@pytest.mark.parametrize(
    ("blocks", "remark", "lines"),
    [
        ([said(1, "x")], "no exception in these logs", []),
        (
            [said(2, *trace("KeyError: 2"), "on"), said(1, "x", *trace("KeyError: 1"))],
            "KeyError: 1 (the first of 2 exceptions, on 2 instances)",
            trace("KeyError: 1"),
        ),
        (
            [said(0, *trace("RuntimeError: Connection reset by peer")), said(3, *trace("KeyError: 3"))],
            "KeyError: 3 (the first of 2 exceptions, on 2 instances)",
            trace("KeyError: 3"),
        ),
        ([said(0, *trace("KeyboardInterrupt"))], "KeyboardInterrupt", trace("KeyboardInterrupt")),
        (
            [said(0, trace("")[0]), said(1, "other"), said(0, *trace("KeyError: 0")[1:])],
            "KeyError: 0",
            trace("KeyError: 0"),
        ),
    ],
)
def test_the_first_error(blocks: list[Block], remark: str, lines: Iterable[str]) -> None:
    """The earliest failure by time is found, whichever log is read first; consequences come last."""
    one = FirstError()
    for block in blocks:
        one.note(block)
    first, *rest = one.found()
    assert first.said == remark
    assert [line.decode() for block in rest for line in block.lines] == list(lines)


def test_a_rank_with_thousands_of_digits():
    """A number that is too long for a rank is text."""
    line = "rank " + "7" * 5000
    assert shown([said(1, line)]) == [("worker-0", line)]
