"""The plots of a real sweep on the local cluster."""

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest
from product import Product, product

from arena.actions.sweeps.importance import importances
from arena.model.jobs import Phase
from arena.model.sweeps import Goal, Sweep, Trial
from arena.search.parameters import Parameter

PROGRAM = "for i in 1 2 3; do echo score={x}.$i; done; test {x} != 3"
SLICE = """\
Slices of score
score
  │                                                               ★
4 ┤
  │                                             ×
3 ┤
  │
  │                           •
2 ┤
  │         •
  └─────────┬─────────────────┬─────────────────┬─────────────────┬───────────
            1                 2                 3                 4
                                                                            x

• succeeded   × failed or without a value   ★ best trial
"""


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A product with a sweep of four trials, of which the one with x=3 fails."""
    with product(tmp_path_factory.mktemp("plots")) as made:
        made.must(
            "sweep", "submit", "job", "--name", "four", "--param", "x=1,2,3,4", "--metric", "score:max",
            "--max-trials", "4", "--parallel", "4", "--wait", PROGRAM,
        )  # fmt: skip
        yield made


def test_terminal(arena: Product) -> None:
    """Piped, plots have 80 columns and no colours; a terminal without Unicode gets ASCII."""
    words = ("sweep", "plot", "four", "--param", "x", "--kind", "slice")
    assert arena.must(*words) == SLICE
    plain = arena.must(*words, PYTHONIOENCODING="ascii")
    assert plain.isascii()
    assert plain == arena.must(*words, "--ascii")
    assert plain != SLICE


def test_all_plots(arena: Product) -> None:
    """Without --kind, all plots that make sense are shown in a constant order."""
    shown = arena.must("sweep", "plot", "four")
    titles = [part.splitlines()[0] for part in shown.split("\n\n") if not part.startswith(("•", "★", "█"))]
    assert titles == [
        "History", "Parallel coordinates", "Importance of parameters", "Slices of score", "Contour",
        "Intermediate values of score",
    ]  # fmt: skip
    assert "A sweep with one metric has no Pareto front." in arena.must(
        "sweep", "plot", "four", "--kind", "pareto"
    )


@pytest.mark.parametrize("colour", [True, False], ids=["colours", "NO_COLOR"])
def test_colours(arena: Product, colour: bool) -> None:
    """On a terminal, plots are coloured and as wide as it is, unless NO_COLOR is set."""
    primary, secondary = pty.openpty()
    env = arena.env | {"TERM": "xterm", "COLUMNS": "60", "NO_COLOR": "" if colour else "1"}
    process = subprocess.Popen(
        [arena.python, "-m", "arena", "sweep", "plot", "four", "--kind", "curves"],
        stdout=secondary, stderr=subprocess.DEVNULL, env=env, cwd=arena.home,
    )  # fmt: skip
    os.close(secondary)
    shown = b""
    try:
        while part := os.read(primary, 65536):
            shown += part
    except OSError:  # the end of a terminal on Linux
        pass
    os.close(primary)
    assert process.wait() == 0
    text = shown.decode()
    assert ("\x1b[" in text) is colour
    lines = re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()
    assert 50 < max(map(len, lines)) <= 60


def test_files(arena: Product) -> None:
    """Pictures and the page are saved where the user wants, in the format of the name or of -o."""
    for form, start in {"svg": b"<svg ", "png": b"\x89PNG\r\n", "html": b"<!DOCTYPE html>"}.items():
        assert arena.run("sweep", "plot", "four", "-o", form) == (0, "", f"saved four.{form}\n")
        assert (arena.home / f"four.{form}").read_bytes().startswith(start)
    arena.must("sweep", "plot", "four", "--file", "other.HTML", "--kind", "history")
    assert "other.HTML" in os.listdir(arena.home)
    arena.must("sweep", "plot", "four", "--html", "named")
    assert (arena.home / "named").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    ElementTree.fromstring(arena.must("sweep", "plot", "four", "-o", "svg", "--file", "-"))


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("--param z", 2, "--param: the sweep varies no parameter z\nHint: choose from x"),
        ("--file x.gif", 2, "--file: the name x.gif does not tell the format\nHint: end it with .svg"),
        ("-o terminal --file x.txt", 2, "plots in the terminal are not saved"),
        ("--html a --file b", 2, "--html is the same as -o html --file FILE"),
        ("--open -o svg --file -", 2, "--open needs a file"),
        ("-o svg --file /dev/null/x", 1, "/dev/null/x cannot be written: Not a directory"),
    ],
)  # fmt: skip
def test_mistakes(arena: Product, words: str, code: int, message: str) -> None:
    """Each mistake has one sentence, before anything is written."""
    ended = arena.run("sweep", "plot", "four", *words.split())
    assert ended.code == code
    assert ended.err.startswith(f"Error: {message}")


def test_open(arena: Product) -> None:
    """--open saves the page and opens it in the browser of the user."""
    browser = arena.home / "browser"
    browser.write_text(
        f"#!{sys.executable}\nimport sys, pathlib\npathlib.Path('opened').write_text(sys.argv[1])\n"
    )
    browser.chmod(0o755)
    done = arena.run("sweep", "plot", "four", "--open", BROWSER=f"{browser} %s")
    assert done == (0, "", "saved four.html\n")
    assert (arena.home / "opened").read_text() == (arena.home / "four.html").resolve().as_uri()


def _sweep(values: list[float], constraint: str = "") -> Sweep:
    trials = tuple(
        Trial(
            name=f"t-{at}", namespace="default", number=at, phase=Phase.SUCCEEDED,
            assignments={"x": at, "y": at % 2}, metrics={"loss": value},
        )
        for at, value in enumerate(values)
    )  # fmt: skip
    parameters = (
        Parameter(name="x", kind="int", low=0, high=20),
        Parameter(name="y", kind="int", low=0, high=1),
    )
    return Sweep(
        name="s", namespace="default", engine="katib", kind="job", algorithm="random", phase=Phase.SUCCEEDED,
        objectives=(Goal(metric="loss", maximize=False),), parameters=parameters, trials=trials,
        constraints=(constraint,) if constraint else (),
    )  # fmt: skip


def test_importances() -> None:
    """The parameter that explains the results has the larger share; nothing is said of what is unknown."""
    shares = importances(_sweep([float(at) for at in range(20)]))
    assert list(shares) == ["loss"]
    assert shares["loss"]["x"] > shares["loss"]["y"]
    assert importances(_sweep([1.0])) == {}
    assert importances(_sweep([1.0, 2.0, 3.0, 4.0, 5.0], constraint="x +")) == {}
