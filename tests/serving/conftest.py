"""Servers to send requests to."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


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
