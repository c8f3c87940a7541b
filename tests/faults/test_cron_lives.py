"""Crons at work: real programs that run repeatedly, also if the server dies in between."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from product import Product, product, quoted, until


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Product]:
    """The product, with nothing in its home."""
    with product(tmp_path) as made:
        yield made


def runs(arena: Product, name: str) -> list[dict[str, Any]]:
    """The runs of a schedule, the newest first."""
    found = json.loads(arena.must("cron", "get", name, "-o", "json"))
    history: list[dict[str, Any]] = found["cronHistory"]
    return history


def ended(arena: Product, name: str, status: str) -> list[str]:
    """The names of the runs that ended so."""
    return [run["name"] for run in runs(arena, name) if run["status"] == status]


def test_runs_succeed_and_fail(arena: Product) -> None:
    """Every run is a program of its own; those that fail and those that succeed are told apart, and read."""
    arena.must("cron", "job", "--schedule", "@every 1s", "--name", "good", "echo fine")
    arena.must("cron", "pytorchjob", "--schedule", "@every 1s", "--name", "bad", "echo broken; exit 3")
    until(lambda: len(ended(arena, "bad", "Failed")) > 1, what="two failed runs")
    until(lambda: ended(arena, "good", "Succeeded"), what="a run that succeeded")
    arena.must("cron", "suspend", "bad", "good")
    assert "[SuccessfulCreate] Created run bad-" in arena.must("cron", "get", "bad", "-e")
    good, bad = ended(arena, "good", "Succeeded")[0], ended(arena, "bad", "Failed")[-1]
    assert arena.must("logs", good) == "fine\n"
    assert arena.must("logs", bad) == "broken\n"
    jobs = arena.jobs()
    assert (jobs[good], jobs[bad]) == ("SUCCEEDED", "FAILED")
    assert "exit code 3" in arena.must("get", bad)
    arena.must("cron", "delete", "bad", "good")
    until(lambda: not arena.jobs(), what="no run is left")


def test_a_restart_starts_no_run_twice(arena: Product) -> None:
    """After a kill, the server continues its crons and the active run, and none runs twice."""
    log, go = arena.home / "log", arena.home / "go"
    line = f"echo $HOSTNAME >> {quoted(log)}; while [ ! -e {quoted(go)} ]; do sleep 0.05; done"
    words = ("--schedule", "@every 1s", "--name", "slow", "--concurrency-policy", "Forbid")
    arena.must("cron", "pytorchjob", *words, line)
    until(log.exists, what="the first run")
    os.kill(arena.server(), signal.SIGKILL)
    until(lambda: ended(arena, "slow", "Running"), what="the run to be found again")
    assert len(runs(arena, "slow")) == 1
    go.touch()
    until(lambda: len(ended(arena, "slow", "Succeeded")) > 2, what="three runs")
    arena.must("cron", "suspend", "slow")
    until(
        lambda: {run["status"] for run in runs(arena, "slow")} == {"Succeeded"}, 20, "the end of the last run"
    )
    hosts = log.read_text(encoding="utf-8").split()
    assert len(hosts) == len(set(hosts))
    assert {host.removesuffix("-master-0") for host in hosts} == {run["name"] for run in runs(arena, "slow")}


def test_replaced(arena: Product) -> None:
    """--replace deletes the old schedule with its runs and puts the new one in its place."""
    arena.must("cron", "pytorchjob", "--schedule", "@every 1s", "--name", "x", "sleep 1000")
    until(lambda: ended(arena, "x", "Running"), what="a run that goes on")
    arena.must("cron", "pytorchjob", "--schedule", "@yearly", "--name", "x", "--replace", "true")
    assert runs(arena, "x") == []
    until(lambda: not arena.processes("sleep"), what="the old program has ended")


def test_secrets_and_files_reach_every_run(arena: Product) -> None:
    """What is made once beside the schedule is there for each of its runs, and goes with it."""
    conf = arena.home / "a.conf"
    conf.write_text("from a file\n", encoding="utf-8")
    words = ("--schedule", "@every 1s", "--name", "both", "--secret", "TOKEN=hidden")
    command = 'cat /inside/a.conf; test "$TOKEN" = hidden'
    arena.must("cron", "tfjob", *words, "--config-file", f"{conf}:/inside/a.conf", command)
    until(lambda: len(ended(arena, "both", "Succeeded")) > 1, what="two runs that succeeded")
    assert arena.must("logs", ended(arena, "both", "Succeeded")[0]) == "from a file\n"


MEETING = """
import os, socket
where = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
if os.environ["RANK"] == "0":
    with socket.create_server(where) as server:
        print("met", server.accept()[0].recv(9).decode())
else:
    while True:
        try:
            socket.create_connection(where).sendall(b"worker-1")
            break
        except ConnectionRefusedError:
            pass
"""


@pytest.mark.parametrize("kind", ["job", "jobset"])
def test_workers_of_a_run_meet(arena: Product, kind: str) -> None:
    """The workers of a job without a master find each other on a schedule."""
    script = arena.home / "meet.py"
    script.write_text(MEETING, encoding="utf-8")
    words = ("--schedule", "@every 1s", "--name", "pair", "--workers", "2", "--concurrency-policy", "Forbid")
    arena.must("cron", kind, *words, quoted("python", script))
    until(lambda: ended(arena, "pair", "Succeeded"), what="a run that succeeded")
    assert "met worker-1" in arena.must("logs", ended(arena, "pair", "Succeeded")[0])
