"""What differs between systems: the branches of macOS, as far as Linux can take them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from arena import operating_system
from arena.local.node import processes

pytestmark = pytest.mark.skipif(not operating_system.LINUX, reason="NOT TESTED: only Linux has both")


@pytest.fixture
def child() -> Iterator[int]:
    """A process with a variable, in a session of its own."""
    command = ["sleep", "60"]
    with subprocess.Popen(command, env={**os.environ, "ARENA_POD_UID": "ä"}, start_new_session=True) as one:
        yield one.pid
        one.kill()


@pytest.fixture
def macos(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not Linux any more."""
    monkeypatch.setattr(operating_system, "LINUX", False)


def known(child: int) -> tuple[object, ...]:
    """What is known of a process, whatever the system."""
    shown = [set(operating_system.environment(pid).split(b"\0")) for pid in (child, 1 << 22)]
    below = child in operating_system.tree()[os.getpid()], child in operating_system.pids()
    return *shown, *below, processes.marked("ä") == [child]


def test_processes(child: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parents and environments are the same, whoever tells them."""
    found = known(child)
    assert found[2:] == (True, True, True)
    monkeypatch.setattr(operating_system, "LINUX", False)
    assert known(child) == found


def test_start_times(child: int, macos: None) -> None:
    """Without /proc a process is known by the time of its fork, not of the first look."""
    forked = time.time()
    start = operating_system.start_time(child, forked)
    assert start == forked
    assert operating_system.is_running(child, start)
    assert not operating_system.is_running(child, start - 60)
    os.kill(child, signal.SIGKILL)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert not operating_system.is_running(child, start)


def test_hidden_environments(child: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process whose environment is hidden is known by its session alone."""
    monkeypatch.setattr(operating_system, "environment", lambda pid: b"")
    assert processes.marked("ä") == []
    assert processes.marked("ä", session=child) == [child]


PIPE = """
import os, selectors, sys
from arena import operating_system

operating_system.LINUX = False
os.mkfifo(sys.argv[1])
reader = os.open(sys.argv[1], os.O_RDONLY | os.O_NONBLOCK)
writer = os.open(sys.argv[1], os.O_WRONLY)
with operating_system.selector() as selector:
    assert isinstance(selector, selectors.SelectSelector)
    selector.register(reader, selectors.EVENT_READ)
    assert selector.select(0) == []
    os.close(writer)
    assert selector.select(20)
"""
"""In a process of its own, as this selector knows no file beyond the 1,024th."""


def test_named_pipes(tmp_path: Path) -> None:
    """The selector that macOS gets tells that the last writer of a named pipe has left."""
    subprocess.run([sys.executable, "-c", PIPE, str(tmp_path / "pipe")], check=True, timeout=60)


def test_unsent_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a closed connection did not take is known; what it took without reading it counts as sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        for closes_first, unsent in ((True, 5), (False, 0)):
            with socket.create_connection(listener.getsockname()) as client:
                server, _ = listener.accept()
                if closes_first:
                    server.close()
                    assert client.recv(1) == b""
                client.sendall(b"hello")
                assert operating_system.unsent(client) == unsent
                server.close()
    monkeypatch.setattr(operating_system, "LINUX", False)
    assert operating_system.unsent(listener) == 0


def test_file_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both branches know the same file systems."""
    found = operating_system.mounts()
    monkeypatch.setattr(operating_system, "LINUX", False)
    assert set(operating_system.mounts()) == set(found)


def test_names(macos: None) -> None:
    """Names and requests of Linux alone are not used elsewhere."""
    assert operating_system.loopback() == "lo0"
    assert operating_system.children(os.getpid()) == []
    assert not operating_system.is_proc_missing()
    operating_system.adopt_orphans()
