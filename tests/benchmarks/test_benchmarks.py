"""The benchmarks run, and their verdicts mean what they say."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import measure

ROOT = Path(__file__).parents[2]


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    """`python -m benchmarks WORDS...` from the repository."""
    argv = [sys.executable, "-m", "benchmarks", *words]
    env = {name: value for name, value in os.environ.items() if name != "ARENA_TEST_KUBECONFIG"}
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False, env=env)


def test_a_group_as_data() -> None:
    """Each figure comes with its budget, and its verdict is their comparison."""
    done = run("startup", "--runs", "1", "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert {figure["what"] for figure in figures} >= {"arena --help", "arena --version", "submit --dry-run"}
    for figure in figures:
        assert figure["kept"] == (figure["measured"] <= figure["budget"])
        assert figure["measured"] > 0  # of one run, while the machine may be busy


@pytest.mark.parametrize("words", [("nothing",), ("--scale",)])
def test_what_cannot_be_measured(words: tuple[str, ...]) -> None:
    """An unknown group, or the scale run without a cluster, is a usage error with a sentence."""
    done = run(*words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_memory_is_that_of_the_program_alone() -> None:
    """The memory of a process that has grown does not count as that of the programs that it measures."""
    argv = [sys.executable, "-c", "pass"]
    grown = bytearray(b"x") * (100 << 20)
    assert measure.alone(measure.run, argv).memory < 60 < len(grown) >> 20
