"""A Ray program runs on the cluster that its job starts: to success, to failure, and with parts killed."""

import json
import os
import re
import signal
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from product import Product, until

pytestmark = [pytest.mark.frameworks, pytest.mark.timeout(400)]

BRIEF = ("--ttl-after-finished", "0")
"""The cluster goes as soon as the program has ended."""

PATIENT = '''
"""Squares numbers on the cluster once it may."""
import pathlib, time, ray
home = pathlib.Path(__file__).parent
ray.init(address="auto")

@ray.remote
def square(number):
    return number * number

with (home / "starts").open("a") as starts:
    print("start", file=starts)
while not (home / "go").exists():
    time.sleep(0.05)
print("sum", sum(ray.get([square.remote(number) for number in range(6)])), flush=True)
'''


def started(arena: Product, times: int) -> None:
    """Wait until the program has started so often."""
    file = arena.home / "starts"
    until(lambda: file.exists() and file.read_text().count("start") >= times, 180, f"start {times}")


def nodes(arena: Product, name: str) -> list[psutil.Process]:
    """The processes of the job's cluster, which they have in their environment."""
    instances = json.loads(arena.must("get", name, "-o", "json"))["instances"]
    cluster = re.match(rf"{name}-[a-z0-9]+", instances[0]["name"])
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if cluster and process.environ().get("RAY_CLUSTER_NAME") == cluster[0]:
                found.append(process)
    return found


def head(arena: Product, name: str) -> psutil.Process:
    """The head of the job's cluster, without its supervisor."""
    lines = {one: one.cmdline() for one in nodes(arena, name)}
    return next(
        one for one, words in lines.items() if "--head" in words and "supervisor.py" not in str(words)
    )


def test_the_search_survives(arena: Product, examples: Path) -> None:
    """A job outlives the server, restarts without its head, uses all nodes and leaves nothing."""
    (arena.home / "patient.py").write_text(PATIENT, encoding="utf-8")
    line = f"python {arena.home}/patient.py && python {examples}/ray/train.py"
    arena.must("submit", "rayjob", "--name", "search", "--worker-replicas", "2", "--retry", "1", *BRIEF, line)
    started(arena, 1)
    os.kill(arena.server(), signal.SIGKILL)
    until(lambda: arena.jobs() == {"search": "RUNNING"}, 60, "the job to be found again")
    head(arena, "search").kill()
    started(arena, 2)
    (arena.home / "go").touch()
    arena.must("wait", "search", seconds=300)
    lines = arena.must("logs", "search", "-i", "submitter")
    assert "sum 55" in lines
    assert "3 nodes are ready" in lines
    assert re.search(r"best gamma \S+: 0\.9\d+, by 3 nodes", lines)
    assert arena.jobs() == {"search": "SUCCEEDED"}
    until(lambda: not nodes(arena, "search"), 60, "the end of the cluster")


def test_a_search_in_vain_fails_the_job(arena: Product, examples: Path) -> None:
    """An outcome that the program itself calls bad is the job's, and the command's, failure."""
    code, out, err = arena.run(
        "submit", "rayjob", "--name", "search", "--worker-replicas", "1", *BRIEF, "--logs",
        f"python {examples}/ray/train.py --wanted 1.1", seconds=300,
    )  # fmt: skip
    assert code == 7, out + err
    assert "no setting reaches 1.1" in out
    assert arena.jobs() == {"search": "FAILED"}
