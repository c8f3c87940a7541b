"""The logs of some ranks, and of some lines."""

import re

import pytest
from product import Product, quoted, until

SAY = """
import os
for word in ("start", "loss", "end"):
    print(word, os.environ["RANK"], flush=True)
"""


@pytest.fixture(scope="module")
def team(cluster: Product) -> Product:
    cluster.submit("team", SAY, "--workers", "4", "--wait")
    return cluster


@pytest.mark.parametrize("way", [(), ("-f",)])
def test_logs_of_some_ranks(team: Product, way: tuple[str, ...]) -> None:
    """--rank selects instances by the rank that their programs see, and --grep their lines."""
    got = team.must("logs", "team", "--rank", "0,2-3", "--grep", "^(start|end)", *way)
    assert sorted(got.splitlines()) == [
        "[master-0] end 0",
        "[master-0] start 0",
        "[worker-1] end 2",
        "[worker-1] start 2",
        "[worker-2] end 3",
        "[worker-2] start 3",
    ]


@pytest.mark.parametrize("way", [(), ("-f",)])
def test_what_is_not_there(team: Product, way: tuple[str, ...]) -> None:
    """A rank that the job lacks is an error that names those it has; no matching line is only a remark."""
    lacks = team.run("logs", "team", "--rank", "2,9", *way)
    assert (lacks.code, lacks.out) == (3, "")
    assert 'job "team" has no rank 9' in lacks.err
    assert "its ranks: 0-3" in lacks.err
    none = team.run("logs", "team", "--grep", "nowhere", *way)
    assert (none.code, none.out) == (0, "")
    assert 'no line matches "nowhere"' in none.err
    both = team.run("logs", "team", "--rank", "1", "-i", "worker-0", *way)
    assert (both.code, both.out) == (2, "")


FAILS = """
import os, sys, time
rank = int(os.environ["RANK"])
print("up", flush=True)
while rank != 2 and not os.path.exists(sys.argv[1]):
    time.sleep(0.01)
if rank == 2:
    raise ValueError("bad shape")
raise RuntimeError("Connection closed by peer")
"""


def count(line: str) -> int:
    """How many ranks have written `up`, by the head of a line."""
    head = re.fullmatch(r"\[(?:all )?(\d)?.*\] up\n", line)
    return int(head[1] or 1) if head else 0


def test_the_first_error_of_all_ranks(arena: Product) -> None:
    """Equal lines of ranks are counted while they run, and the first error is shown at the end, or alone."""
    flag = arena.home / "flag"
    (arena.home / "fails.py").write_text(FAILS, encoding="utf-8")
    program = quoted("python", arena.home / "fails.py", flag)
    keep = ("--clean-task-policy", "None")
    arena.must("submit", "pytorchjob", "--name", "fails", "--workers", "4", *keep, program)
    child = arena.start("logs", "-f", "fails", "--collapse", "--first-error")
    lines = arena.lines(child.stdout)
    until(lambda: sum(map(count, lines)) == 4)
    flag.touch()
    assert child.wait(60) == 7
    end = ["[worker-1] Traceback (most recent call last):", "[worker-1] ValueError: bad shape"]
    whole = [line.rstrip() for line in lines.whole()]
    assert [line for line in whole[-4:] if not line.startswith("[worker-1]  ")] == end
    assert "[all 4] up" in arena.run("logs", "fails", "--collapse").out.splitlines()
    alone = arena.run("logs", "fails", "--first-error")
    assert alone.out.splitlines() == whole[-4:]
    assert "worker-1: ValueError: bad shape (the first of 4 exceptions, on 4 instances)" in alone.err
