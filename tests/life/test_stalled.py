"""Running jobs that stand still, on the local cluster."""

import json
import re

from product import Product, until

QUIET = "sh -c 'echo up; sleep 600'"
TALKS = "sh -c 'while sleep 0.1; do echo on; done'"
COMPUTES = "python -c 'while True: pass'"


def finding(arena: Product, name: str) -> dict[str, str]:
    """The first finding that `get` shows."""
    found = json.loads(arena.must("get", name, "-o", "json"))["findings"]
    return found[0] if found else {}


def test_a_job_that_stands_still(arena: Product) -> None:
    """A job that neither writes nor computes is stalled, one that computes is silent, a writing one well."""
    arena.env["ARENA_STALLED_AFTER"] = "3s"
    arena.must("submit", "job", "--name", "talks", TALKS)
    arena.must("submit", "job", "--name", "computes", COMPUTES)
    arena.must("submit", "pytorchjob", "--name", "quiet", "--workers", "2", QUIET)
    arena.must("submit", "job", "--name", "mute", "sleep 600")
    until(lambda: finding(arena, "quiet").get("id") == "stalled")
    until(lambda: finding(arena, "computes").get("id") == "silent")
    assert finding(arena, "talks") == {}
    shown = arena.run("get", "quiet")
    assert re.search(
        r"^Status: +RUNNING\nReason: +STALLED: no output for \d+s, and its CPUs are idle$", shown.out, re.M
    )
    assert "arena stacks quiet shows where each rank is" in shown.err
    why = json.loads(arena.must("why", "quiet", "-o", "json"))
    assert (why["cause"], why["well"], why["fix"]) == ("stalled", False, ["arena stacks quiet"])
    cpus = next(one for one in why["evidence"] if one["source"] == "status")
    assert cpus["subject"] == "pytorchjob/quiet"
    until(lambda: finding(arena, "mute").get("id") == "stalled")
    mute = json.loads(arena.must("why", "mute", "-o", "json"))["evidence"][0]
    assert mute["text"].startswith("no line since its start at ")
    assert json.loads(arena.must("why", "talks", "-o", "json"))["well"]
    child = arena.start("logs", "-f", "quiet")
    said = arena.lines(child.stderr)
    until(lambda: any("arena stacks quiet shows where each rank is" in line for line in said))
    arena.env["ARENA_STALLED_AFTER"] = "off"
    assert finding(arena, "quiet") == {}


def test_the_time_of_silence(arena: Product) -> None:
    """A job is not asked before the time of the setting, and a bad value is refused."""
    arena.must("submit", "job", "--name", "quiet", QUIET)
    arena.must("wait", "quiet", "--for", "phase=RUNNING")
    debug = arena.run("--debug", "get", "quiet")
    assert debug.code == 0
    assert "tailLines=1&" not in debug.err
    bad = arena.run("get", "quiet", ARENA_STALLED_AFTER="soon")
    assert bad.code == 2
    assert "soon" in bad.err
