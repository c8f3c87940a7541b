"""Where the ranks of a running job are, on the local cluster."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from product import Product, quoted, until

HANGS = """
import faulthandler, os, signal, sys
rank = int(os.environ["RANK"])
if rank != 3:
    faulthandler.register(signal.SIGUSR1)

def barrier():
    open(sys.argv[1]).read()

def load():
    open(sys.argv[1]).read()

print("up", flush=True)
load() if rank == 2 else barrier()
"""

HOSTILE = {
    "[" * 100_000: "its report cannot be read",
    "[1]": "the program that looks at its processes failed",
    '{"processes": [{"pid": 1e999}]}': "its report cannot be read",
    '{"error": "\\u001b[2Jgone"}': r"\x1b[2Jgone",
}
"""What a container may report -> what is shown."""


@pytest.fixture
def bare(arena: Product, tmp_path: Path) -> Product:
    """A product whose jobs find a Python without py-spy."""
    programs = tmp_path / "bare"
    programs.mkdir()
    (programs / "python3").symlink_to(os.path.realpath(sys.executable))
    arena.env["PATH"] = f"{programs}:/usr/bin:/bin"
    if shutil.which("py-spy", path=arena.env["PATH"]):
        pytest.skip("py-spy is installed beside the system's programs")
    return arena


def test_stacks_without_py_spy(bare: Product) -> None:
    """faulthandler is asked only on request, and only where it is registered; else the kernel is."""
    fifo, script = bare.home / "fifo", bare.home / "hangs.py"
    os.mkfifo(fifo)
    script.write_text(HANGS, encoding="utf-8")
    program = quoted("python3", script, fifo)
    bare.must("submit", "pytorchjob", "--name", "hangs", "--workers", "4", program)
    until(lambda: bare.must("logs", "hangs", "--no-prefix").count("up") == 4)
    found = until(lambda: [one for one in [bare.run("stacks", "hangs")] if "running" not in one.out])[0]
    assert found.out.split("\n")[:2] == ["ranks 0-3: hangs.py", "  no Python stack"]
    assert "main thread: sleeping" in found.out
    assert (
        "py-spy is not installed in master-0, worker-0, worker-1 and 1 more: run pip install py-spy"
        in found.err
    )
    assert "arena stacks hangs --signal USR1" in found.err
    asked = json.loads(bare.must("stacks", "hangs", "--signal", "USR1", "-o", "json"))
    groups = {tuple(one["ranks"]): one for one in asked["groups"]}
    assert groups.keys() == {(3,), (0, 1), (2,)}
    assert [one["function"] for one in groups[0, 1]["threads"][0]["frames"]] == ["barrier", "<module>"]
    assert [one["function"] for one in groups[2,]["threads"][0]["frames"]] == ["load", "<module>"]
    assert groups[3,]["processes"][0]["error"] == "it does not handle the signal, which would end it"
    again = bare.must("stacks", "hangs", "--rank", "2", "--signal", "USR1").split("\n")
    assert [line.split()[0] for line in again[:3]] == ["rank", "load", "<module>"]
    assert bare.jobs() == {"hangs": "RUNNING"}


def test_a_hostile_container(arena: Product, tmp_path: Path) -> None:
    """What a Python that is none reports is an error of its instance, without control characters."""
    programs = tmp_path / "programs"
    programs.mkdir()
    python, report = programs / "python3", programs / "report"
    python.write_text(f'#!/bin/sh\n[ "$3" ] && cat {quoted(report)}\nexit 0\n', encoding="utf-8")
    python.chmod(0o755)
    arena.env["PATH"] = f"{programs}:{arena.env['PATH']}"
    arena.must("submit", "job", "--name", "hostile", "sleep 600")
    arena.must("wait", "hostile", "--for", "phase=RUNNING")
    for text, shown in HOSTILE.items():
        report.write_text(text, encoding="utf-8")
        found = arena.run("stacks", "hostile")
        assert (found.code, found.out, found.err) == (0, f"worker-0: {shown}\n", "")


def test_jobs_without_stacks(arena: Product) -> None:
    """A program in another language has none, and a job that does not run is an error that says so."""
    arena.must("submit", "job", "--name", "shell", "sleep 600")
    arena.must("wait", "shell", "--for", "phase=RUNNING")
    found = arena.run("stacks", "shell")
    assert (found.code, found.out) == (0, "worker-0: it has no Python process\n")
    arena.must("submit", "job", "--name", "done", "--wait", "true")
    found = arena.run("stacks", "done")
    assert found.code == 5
    assert 'no instance of "done" is running: it is SUCCEEDED' in found.err
