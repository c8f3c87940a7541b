"""Jobs that have ended as the beginning of a sweep."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from product import Product, product, until

pytestmark = pytest.mark.long
SUBMIT = ("sweep", "submit", "job", "--metric", "score:max", "--max-trials", "2", "--param", "x=int:1..4")
LINE = "echo 'run  it' --x {x} score={x}"


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One product with jobs that have ended; sweeps are told apart by their names."""
    with product(tmp_path_factory.mktemp("imported")) as made:
        for x in (1, 2, 9):
            made.must("submit", "job", "--name", f"old-{x}", LINE.replace("{x}", str(x)))
        made.must("submit", "job", "--name", "odd", "echo other --x=3; echo score=0.5")
        made.must("submit", "job", "--name", "bare", "echo score=0.25")
        made.must("submit", "job", "--name", "silent", "echo --x 3")
        made.must("submit", "job", "--name", "lost", "echo --x 3 score=1; exit 3")
        made.must("submit", "job", "--name", "goes", "sleep 600")
        for name in ("old-1", "old-2", "old-9", "odd", "bare", "silent"):
            made.must("wait", name)
        made.run("wait", "lost")
        made.must(
            *SUBMIT, "--name", "cold", "--engine", "foreground", "--max-trials", "1", "--seed", "1", LINE
        )
        yield made


def found(arena: Product, name: str) -> dict[str, Any]:
    """The sweep as printed by `arena sweep get -o json`."""
    made: dict[str, Any] = json.loads(arena.must("sweep", "get", name, "-o", "json"))
    return made


def imported(arena: Product, name: str) -> dict[str, tuple[Any, Any]]:
    """The imported jobs of a sweep: values and metrics by name."""
    return {one["name"]: (one["assignments"], one["metrics"]) for one in found(arena, name)["imported"]}


def test_at_submit(arena: Product) -> None:
    """The search does not repeat what the jobs tried; deleting a trial or the sweep takes nothing away."""
    words = ("--name", "warm", "--import", "old-1", "--import", "old-2", LINE)
    code, out, err = arena.run(*SUBMIT, *words)
    assert (code, out) == (0, "sweep warm SUCCEEDED\n")
    assert "because Katib knows only trials that it has run itself" in err
    known = {"old-1": ({"x": 1}, {"score": 1.0}), "old-2": ({"x": 2}, {"score": 2.0})}
    assert imported(arena, "warm") == known
    made = found(arena, "warm")
    assert sorted(one["assignments"]["x"] for one in made["trials"]) == [3, 4]
    assert (made["counts"]["succeeded"], made["maxTrials"]) == (2, 2)
    arena.must("delete", "warm-1")
    assert imported(arena, "warm") == known
    arena.must("sweep", "delete", "warm")
    assert {"old-1", "old-2"} <= set(arena.jobs())


def test_later(arena: Product) -> None:
    """Values come from the command, its flags or --set; a sweep that goes on knows them."""
    own = found(arena, "cold")["trials"][0]["assignments"]["x"]
    assert arena.must("sweep", "import", "cold", "old-2", "odd") == (
        "job old-2 imported into sweep cold (score=2, x=2)\n"
        "job odd imported into sweep cold (score=0.5, x=3)\n"
    )
    again = json.loads(arena.must("sweep", "import", "cold", "bare", "--set", "x=3", "-o", "json"))
    assert [(one["name"], one["assignments"]) for one in again] == [("bare", {"x": 3})]
    assert list(imported(arena, "cold")) == ["old-2", "odd", "bare"]
    assert "Imported:\n  JOB" in arena.must("sweep", "get", "cold")
    arena.must("sweep", "extend", "cold", "--max-trials", "9")
    arena.must("sweep", "resume", "cold")
    tried = [one["assignments"]["x"] for one in found(arena, "cold")["trials"]]
    assert sorted(tried) == sorted({1, 4} | {own})


def test_while_it_runs(arena: Product) -> None:
    """A process that runs a sweep learns of an import, also if it is killed then."""
    file = arena.home / "go"
    line = f"until test -e '{file}'; do sleep 0.02; done; {LINE}"
    words = ("--name", "live", "--engine", "foreground", "--parallel", "1", "--seed", "1", line)
    child: subprocess.Popen[bytes] = arena.start(*SUBMIT, *words)
    until(lambda: "live-1" in arena.jobs())
    own = found(arena, "live")["trials"][0]["assignments"]["x"]
    others = [x for x in range(1, 5) if x != own]
    arena.must("sweep", "import", "live", "bare", "--set", f"x={others[0]}")
    arena.must("sweep", "import", "live", "odd", "--set", f"x={others[1]}")
    file.touch()
    assert child.wait(60) == 0
    assert sorted(one["assignments"]["x"] for one in found(arena, "live")["trials"]) == sorted(
        [own, others[2]]
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("cold", "old-9"), 2, 'job "old-9" cannot be imported: "9" is not a value of x, from 1 to 4'),
        (("cold", "bare"), 2, 'job "bare" cannot be imported: x has no value'),
        (("cold", "bare", "--set", "y=1"), 2, 'there is no parameter "y"'),
        (("cold", "silent"), 2, 'job "silent" cannot be imported: it reported no value of score'),
        (("cold", "lost"), 2, 'job "lost" cannot be imported: '),
        (("cold", "goes"), 5, 'job "goes" is RUNNING'),
        (("cold", "cold-1"), 2, 'job "cold-1" is a trial of sweep "cold" already'),
        (("cold", "absent"), 3, "absent"),
        (("absent", "old-1"), 3, 'no sweep "absent"'),
        (("cold",), 2, "Missing argument"),
        (("cold", "bare", "--set", "x=1", "--set", "x=2"), 2, "--set: a parameter is given twice"),
    ],
)
def test_refused(arena: Product, words: tuple[str, ...], code: int, said: str) -> None:
    """What cannot be imported is refused in a sentence, and nothing of it is."""
    until(lambda: arena.must("get", "goes", "-o", "json").find('"RUNNING"') > 0)
    before = imported(arena, "cold")
    ended = arena.run("sweep", "import", *words)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert imported(arena, "cold") == before


def test_katib(arena: Product) -> None:
    """Katib knows only trials of its own."""
    why = "Katib knows only trials that it has run itself"
    code, _, err = arena.run(*SUBMIT, "--engine", "katib", "--name", "no", "--import", "old-1", LINE)
    assert (code, err.splitlines()[0]) == (2, f"Error: --engine katib: {why}")
    arena.must(*SUBMIT, "--engine", "katib", "--name", "theirs", "--max-trials", "1", "--wait", LINE)
    code, _, err = arena.run("sweep", "import", "theirs", "old-1")
    assert (code, 'sweep "theirs" is run by Katib' in err) == (5, True)
