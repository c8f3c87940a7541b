"""suspend, resume, scale and rerun with real programs on the local cluster."""

import json
import os
import signal
import sys

import pytest
from product import Product, quoted, until

BEATS = """
import os, sys, time
place = os.environ["HOSTNAME"]
with open(f"starts-{place}", "a") as file:
    file.write("x")
while not os.path.exists("stop"):
    time.sleep(0.02)
"""
"""Runs until there is a file `stop`, and notes each of its starts."""


def beats(arena: Product, kind: str, name: str, *words: str, count: int = 1) -> None:
    """Submit a job of such programs and wait until so many have noted that they started."""
    (arena.home / "beats.py").write_text(BEATS, encoding="utf-8")
    arena.must("submit", kind, "--name", name, *words, quoted("python", arena.home / "beats.py"))
    arena.must("wait", name, "--for", "phase=RUNNING", "--timeout", "30s")
    until(lambda: len(starts(arena)) == count, what=f"{count} starts")


def starts(arena: Product) -> dict[str, int]:
    """How often the program of each instance has started."""
    return {
        path.name.removeprefix("starts-"): len(path.read_text("utf-8"))
        for path in arena.home.glob("starts-*")
    }


def instances(arena: Product, name: str) -> list[str]:
    """The ends of the names of the job's instances that run."""
    found = json.loads(arena.must("get", name, "-o", "json"))["instances"]
    return [one["name"].removeprefix(f"{name}-") for one in found if one["status"] == "Running"]


@pytest.mark.parametrize(
    ("kind", "count", "words"),
    [("pytorchjob", 2, ("--workers", "2")), ("tfjob", 3, ("--workers", "2", "--ps", "1")), ("mpijob", 1, ())],
)
def test_suspended_and_resumed(arena: Product, kind: str, count: int, words: tuple[str, ...]) -> None:
    """While a job is suspended, nothing of it runs; when resumed, every program restarts, and it succeeds."""
    beats(arena, kind, "j", *words, count=count)
    assert arena.must("suspend", "j") == f"{kind} j suspended\n"
    until(lambda: not arena.processes("beats.py"), what="the end of the programs")
    assert arena.must("wait", "j", "--for", "phase=SUSPENDED", "--timeout", "20s") == f"{kind} j SUSPENDED\n"
    assert arena.must("resume", "j") == f"{kind} j resumed\n"
    until(lambda: set(starts(arena).values()) == {2} or len(starts(arena)) == 2 * count, what="starts anew")
    (arena.home / "stop").touch()
    assert arena.must("wait", "j", "--timeout", "30s") == f"{kind} j SUCCEEDED\n"


SLOW = """
import pathlib, signal, time
log = pathlib.Path("log").open("a", buffering=1)
def end(*_):
    while not pathlib.Path("end").exists():
        time.sleep(0.02)
    print("end", file=log)
    raise SystemExit(1)
signal.signal(signal.SIGTERM, end)
print("start", file=log)
while not pathlib.Path("stop").exists():
    time.sleep(0.02)
"""
"""Told to end, it takes its time: until there is a file `end`."""


def test_resumed_while_it_still_ends(arena: Product) -> None:
    """A job that is resumed at once restarts only when its previous instances have ended."""
    (arena.home / "slow.py").write_text(SLOW, encoding="utf-8")
    log = arena.home / "log"
    arena.must("submit", "pytorchjob", "--name", "j", quoted("exec", "python", arena.home / "slow.py"))
    until(lambda: log.exists() and log.read_text("utf-8"), what="the first start")
    arena.must("suspend", "j")
    resume = arena.start("resume", "j")
    assert resume.stdout
    assert resume.stderr
    assert b"j: waiting for 1 instance to end\n" in iter(resume.stderr.readline, b"")
    (arena.home / "end").touch()
    assert resume.stdout.read() == b"pytorchjob j resumed\n"
    until(lambda: log.read_text("utf-8") == "start\nend\nstart\n", what="the second start")
    (arena.home / "stop").touch()
    assert arena.must("wait", "j", "--timeout", "30s") == "pytorchjob j SUCCEEDED\n"


def test_suspended_through_a_restart_of_the_server(arena: Product) -> None:
    """A job that is suspended stays so when the server is killed and another one starts; then it resumes."""
    beats(arena, "pytorchjob", "j")
    arena.must("suspend", "j")
    until(lambda: not arena.processes("beats.py"), what="the end of the program")
    os.kill(arena.server(), signal.SIGKILL)
    until(lambda: arena.jobs() == {"j": "SUSPENDED"}, what="the job to be found again")
    assert not arena.processes("beats.py")
    arena.must("resume", "j")
    (arena.home / "stop").touch()
    assert arena.must("wait", "j", "--timeout", "30s") == "pytorchjob j SUCCEEDED\n"
    assert starts(arena) == {"j-master-0": 2}


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("pytorchjob", ("--workers", "2", "--max-workers", "3")),
        ("tfjob", ("--workers", "2", "--dynamic-workers")),
    ],
)
def test_scaled(arena: Product, kind: str, words: tuple[str, ...]) -> None:
    """Workers that are added start, workers that are taken away end, and the others never notice."""
    beats(arena, kind, "j", *words, count=2)
    arena.must("scale", "j", "--workers", "3")
    until(lambda: instances(arena, "j") == ["worker-0", "worker-1", "worker-2"], what="three workers")
    until(lambda: len(starts(arena)) == 3, what="three starts")
    arena.must("scale", "j", "--workers", "1")
    until(lambda: instances(arena, "j") == ["worker-0"], what="one worker")
    until(lambda: len(arena.processes("beats.py")) <= 2, what="the end of the others")
    (arena.home / "stop").touch()
    assert arena.must("wait", "j", "--timeout", "30s") == f"{kind} j SUCCEEDED\n"
    assert starts(arena) == {"j-worker-0": 1, "j-worker-1": 1, "j-worker-2": 1}


def test_rerun_from_elsewhere(arena: Product) -> None:
    """A rerun starts in the directory of the first run, wherever it is asked for, with what was changed."""
    (arena.home / "where.py").write_text(
        "import os; print(os.getcwd(), os.environ.get('RATE'), flush=True)", encoding="utf-8"
    )
    arena.must("submit", "pytorchjob", "--name", "j", "-e", "RATE=1", "--wait", "python where.py")
    home, arena.home = arena.home, arena.home / "elsewhere"
    arena.home.mkdir()
    ended = arena.run("rerun", "j", "--name", "again", "--set", "env=RATE=2", "--logs")
    assert ended.code == 0, ended.err
    assert f"{home} 2\n" in ended.out
    ended = arena.run("rerun", "j", "--replace", "--logs")
    assert f"{home} 1\n" in ended.out
    assert arena.must("get", "again", "-o", "command").startswith("arena submit pytorchjob --name again")
    arena.home = home


def test_rerun_with_the_code_of_then(arena: Product) -> None:
    """A rerun has the code that --code packed, whatever the folder holds now, unless it names the folder."""
    script = arena.home / "code" / "main.py"
    script.parent.mkdir()
    script.write_text("print('then')", encoding="utf-8")
    words = ("--name", "j", "--code", str(script.parent), "--wait", "python main.py")
    arena.must("submit", "pytorchjob", *words)
    script.write_text("print('now')", encoding="utf-8")
    assert "then\n" in arena.must("rerun", "j", "--logs")
    assert "now\n" in arena.must("rerun", "j", "--set", f"code={script.parent}", "--logs")


def test_deleted_while_waited_for(arena: Product) -> None:
    """wait reports at once that the job was deleted, with exit code 3."""
    beats(arena, "pytorchjob", "j")
    waits = arena.start("wait", "j", "--timeout", "60s")
    assert waits.stderr
    assert b"RUNNING" in waits.stderr.readline()
    arena.must("delete", "j")
    _, err = waits.communicate(timeout=30)
    assert (waits.returncode, b'job "j" was deleted from namespace "default"' in err) == (3, True)


@pytest.mark.parametrize("words", [("logs", "-f", "j"), ("submit", "--logs")], ids=" ".join)
def test_deleted_while_followed(arena: Product, words: tuple[str, ...]) -> None:
    """logs -f reports that the job was deleted, with exit code 3, like wait."""
    program = quoted(sys.executable, "-uc", "import time; print('beat'); time.sleep(60)")
    submit = ("submit", "pytorchjob", "--name", "j", program)
    if words[0] == "logs":
        arena.must(*submit)
    else:
        words = (*submit, "--logs")
    follows = arena.start(*words)
    assert follows.stdout
    while follows.stdout.readline() != b"beat\n":
        assert follows.poll() is None
    arena.must("delete", "j")
    _, err = follows.communicate(timeout=30)
    assert (follows.returncode, b'job "j" was deleted from namespace "default"' in err) == (3, True)


def test_adopted_and_pruned(arena: Product) -> None:
    """A job that was made past arena is left by prune until it is adopted, and then is gone with its pods."""
    text = arena.must("submit", "pytorchjob", "--name", "j", "--dry-run", "-o", "json", "echo hello")
    job = json.loads(text)
    job["metadata"] = {"name": "j"}
    arena.must("local", "start")
    path = "/apis/kubeflow.org/v1/namespaces/default/pytorchjobs"
    arena.ask(path, job)
    assert arena.must("wait", "j", "--timeout", "30s") == "pytorchjob j SUCCEEDED\n"
    left = arena.run("prune", "--since", "0s", "-y")
    assert (left.code, left.out) == (0, "")
    assert "skipped jobs" in left.err
    assert arena.must("adopt", "j") == "pytorchjob j adopted\n"
    assert arena.must("prune", "--since", "0s", "-y") == "pytorchjob j deleted\n"
    assert arena.must("wait", "j", "--for", "deleted", "--timeout", "20s") == ""
    assert arena.jobs() == {}
