"""Trials that a user adds to a sweep by hand, also while its process begins others."""

import json
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from product import Product, product, until

WORDS = ("sweep", "submit", "job", "--engine", "foreground", "--metric", "score:max")


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One product for all; sweeps are told apart by their names."""
    with product(tmp_path_factory.mktemp("added")) as made:
        yield made


def found(arena: Product, name: str) -> dict[str, Any]:
    """The sweep as printed by `arena sweep get -o json`."""
    made: dict[str, Any] = json.loads(arena.must("sweep", "get", name, "-o", "json"))
    return made


@pytest.fixture(scope="module")
def ended(arena: Product) -> str:
    """The name of a sweep that has ended."""
    space = ("--param", "x=int:1..9", "--param", "y=1,2", "--param", "z=7", "--constraint", "x*y<=9")
    arena.must(*WORDS, "--name", "ended", *space, "--seed", "1", "--max-trials", "1", "echo score={x}{y}{z}")
    return "ended"


def test_an_ended_sweep(arena: Product, ended: str) -> None:
    """A trial by hand is one more in a sweep that has ended; its result counts, and the search goes on."""
    one = found(arena, ended)["trials"][0]["assignments"]
    x = next(x for x in range(1, 5) if x != one["x"])
    words = ("sweep", "add", ended, "--set", f"x={x}", "--set", "y=2")
    code, out, err = arena.run(*words)
    assert (code, out) == (0, f"trial 2 of sweep {ended} SUCCEEDED\n")
    assert err.splitlines()[1:] == [
        f"trial 2 started (x={x}, y=2, z=7)",
        f"trial 2 succeeded: score={x}27 (x={x}, y=2, z=7)",
    ]
    made = found(arena, ended)
    assert (made["status"], made["maxTrials"], made["counts"]["succeeded"]) == ("SUCCEEDED", 2, 2)
    assert arena.run(*words)[::2] == (
        5, f'Error: trial 2 of sweep "{ended}" has these values\nHint: run them again with --again\n',
    )  # fmt: skip
    again = json.loads(arena.must(*words, "--again", "-o", "json"))
    assert (again["number"], again["metrics"]) == (3, {"score": float(f"{x}27")})
    arena.must("sweep", "extend", ended, "--max-trials", "4")
    arena.must("sweep", "resume", ended)
    assert len(found(arena, ended)["trials"]) == 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("x=10", "y=1"), '"10" is not a value of x, from 1 to 9'),
        (("x=1.5", "y=1"), "1.5 is not a value of x, which is a whole number"),
        (("x=1", "y=3"), '"3" is not a value of y: 1, 2'),
        (("x=1",), "y has no value"),
        (("x=9", "y=2"), "x=9, y=2, z=7 violates the constraint"),
        (("x=1", "y=1", "z=8"), '"8" is not a value of z: 7'),
        (("x=1", "y=1", "w=8"), 'there is no parameter "w"'),
        (("x=1", "y=1", "x=2"), "--set: a parameter is given twice"),
        (("x", "y=1"), '--set: "x" has no value'),
    ],
)
def test_refused(arena: Product, ended: str, words: tuple[str, ...], said: str) -> None:
    """Values that are not in the space are refused in a sentence, and nothing is created."""
    before = arena.jobs()
    code, out, err = arena.run("sweep", "add", ended, *(one for word in words for one in ("--set", word)))
    assert (code, out) == (2, "")
    assert said in err
    assert arena.jobs() == before


def test_sweeps_of_katib(arena: Product) -> None:
    """Katib's algorithms know only trials that they have suggested, so its sweeps are refused."""
    words = ("--param", "x=1,2", "--metric", "score:max", "--engine", "katib", "--max-trials", "1", "--wait")
    arena.must("sweep", "submit", "job", "--name", "theirs", *words, "echo score={x}")
    code, out, err = arena.run("sweep", "add", "theirs", "--set", "x=2")
    assert (code, out) == (5, "")
    assert 'sweep "theirs" is run by Katib, whose algorithms fail on a trial' in err
    assert arena.run("sweep", "add", "absent", "--set", "x=2").code == 3


def test_a_failure(arena: Product) -> None:
    """A trial that fails is recorded with its reason, and the command says so with exit code 7."""
    words = ("--param", "x=1,2", "--max-trials", "1", "--algorithm", "grid")
    arena.must(*WORDS, "--name", "broken", *words, "test {x} -lt 2 && echo score={x}")
    code, _, err = arena.run("sweep", "add", "broken", "--set", "x=2")
    assert code == 7
    assert 'Error: trial 2 of sweep "broken" failed: ' in err
    assert [one["status"] for one in found(arena, "broken")["trials"]] == ["SUCCEEDED", "FAILED"]


def test_numbers_never_clash(arena: Product) -> None:
    """Trials that several commands add while a process begins others: each runs once, with its own values."""
    log = arena.home / "raced.log"
    line = f"echo {{trial}} {{x}} >> {shlex.quote(str(log))}; sleep 0.05; echo score={{x}}"
    words = ("--param", "x=int:1..99", "--constraint", "x<60", "--max-trials", "10", "--parallel", "3")
    child = arena.start(*WORDS, "--name", "raced", *words, line)
    until(lambda: "raced-1" in arena.jobs())
    values = [60 - at for at in range(1, 5)]
    adding = [arena.start("sweep", "add", "raced", "--set", f"x={x}", "--again") for x in values]
    assert [one.wait(60) for one in (*adding, child)] == [0] * 5
    made = found(arena, "raced")
    trials = made["trials"]
    assert sorted(one["number"] for one in trials) == [*range(1, len(trials) + 1)]
    assert 10 <= len(trials) <= 14
    assert made["maxTrials"] == len(trials)
    assert {one["status"] for one in trials} == {"SUCCEEDED"}
    assert all(one["metrics"]["score"] == one["assignments"]["x"] for one in trials)
    assert set(values) <= {one["assignments"]["x"] for one in trials}
    ran = sorted(log.read_text().splitlines())
    assert ran == sorted(f"{one['name']} {one['assignments']['x']}" for one in trials)
