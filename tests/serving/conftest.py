"""Servers to send requests to."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from arena.cli import run
from arena.commands._globals import Globals
from arena.session import connect


@pytest.fixture(scope="session")
def answering() -> Iterator[str]:
    """The URL of a server in a process of its own, which does what paths say; see `answering.py`."""
    program = [sys.executable, str(Path(__file__).with_name("answering.py"))]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        assert server.stdin
        server.stdin.close()
        assert server.wait(30) == 0


class Ended(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def arena(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Run one command line in this process, without a cluster; its exit code and whole output."""

    def call(*words: str, **env: str) -> Ended:
        capfd.readouterr()
        session = connect(environ={"HOME": str(tmp_path), **env}, folder=tmp_path)
        code = run(words, Globals(session=session))
        return Ended(code, *capfd.readouterr())

    return call
