"""A killed server is started again as it was started before, unless it was stopped or keeps crashing."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from product import until

from arena.local import daemon, locks, restart, server_options
from arena.local.restart import LIMIT, NAME


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state folder of the test's own; whatever runs on it at the end is ended."""
    path = tmp_path / "local"
    monkeypatch.setenv("ARENA_LOCAL_HOME", str(path))
    monkeypatch.delenv("ARENA_LOCAL_IDLE", raising=False)
    yield path
    if path.is_dir():
        daemon.reset()
    assert not path.exists()


def kill(home: Path) -> int:
    """Kill the server, and return its pid."""
    pid = locks.holder(home)
    assert pid
    os.kill(pid, signal.SIGKILL)
    until(lambda: locks.fell(home))
    return pid


def program(home: Path) -> "subprocess.Popen[bytes]":
    """The program, started as a stranger to the server would."""
    return subprocess.Popen(restart.command(home), env={"ARENA_LOCAL_GPUS": "7"}, cwd="/")


def run(home: Path) -> int | None:
    """Run the program to its end, and return the pid of the server that runs then."""
    assert program(home).wait(60) == 0
    return locks.holder(home)


def record(home: Path) -> dict[str, Any]:
    """How the server was started."""
    found: dict[str, Any] = json.loads((home / NAME).read_text(encoding="utf-8"))
    return found


def change(home: Path, **values: object) -> None:
    """Change the record."""
    (home / NAME).write_text(json.dumps({**record(home), **values}), encoding="utf-8")


def fallen(home: Path) -> None:
    """Make a state folder whose server was killed."""
    home.mkdir(mode=0o700)
    for name, text in ((locks.SERVER, "1\n"), (locks.START, "")):
        (home / name).write_text(text, encoding="utf-8")
    restart.note(home, server_options.read(["--version", "0.1.0"]))
    (home / NAME).chmod(0o600)


def test_as_it_was_started(home: Path) -> None:
    """The next server has the arguments, environment, folder and limits of the first, not of its starter."""
    first = psutil.Process(daemon.start(idle=77.0, version="0.1.0", offers={"ARENA_LOCAL_GPUS": "3"}).pid)
    assert (home / NAME).stat().st_mode & 0o777 == 0o600
    was = (first.environ(), first.cwd(), first.rlimit(psutil.RLIMIT_NOFILE))
    kept = record(home)
    assert kill(home) == first.pid
    next_one = psutil.Process(until(lambda: run(home)))
    assert next_one.pid != first.pid
    assert (next_one.environ(), next_one.cwd(), next_one.rlimit(psutil.RLIMIT_NOFILE)) == was
    status = daemon.status()
    assert status
    assert (status.idle, status.version) == (77.0, "0.1.0")
    assert {**record(home), "last": 0, "restarts": 0} == {**kept, "last": 0}
    assert "starts again after a crash, 1 in a row\n" in (home / "server.log").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("due", "changes"),
    [
        (True, {}),
        (False, {"restarts": 1}),
        (True, {"restarts": 1, "last": -1.5}),
        (False, {"restarts": 4, "last": -7.5}),
        (True, {"restarts": 4, "last": -8.5}),
        (True, {"restarts": LIMIT - 1, "last": -31.0}),
        (False, {"restarts": LIMIT, "last": -1e6}),
        (True, {"restarts": 4, "last": 3600.0}),
        (False, {"installed": [["/nowhere", 1, 2, 3]]}),
        (False, {"installed": [[sys.executable, 1, 2, 3]]}),
        (False, {"installed": [3]}),
        (False, {"env": {"ARENA_LOCAL_HOME": "/elsewhere"}}),
        (False, {"env": {}}),
        (False, {"argv": "sh"}),
        (False, {"restarts": True}),
    ],
    ids=[
        "first", "at-once", "second", "too-early", "fifth", "last", "too-often", "clock-set-back", "removed",
        "replaced", "unreadable", "moved", "no-home", "no-list", "no-number",
    ],
)  # fmt: skip
def test_when_it_is_due(home: Path, due: bool, changes: dict[str, Any]) -> None:
    """A killed server is due at once, later after longer pauses, and never on a changed installation."""
    fallen(home)
    if "last" in changes:
        changes = {**changes, "last": time.time() + changes["last"]}
    change(home, **changes)
    assert restart.is_due(home) is due


def test_a_folder_with_two_names(home: Path, tmp_path: Path) -> None:
    """A supervisor knows the state folder by another name if a link leads to it."""
    fallen(home)
    (tmp_path / "link").symlink_to(home)
    assert restart.is_due(tmp_path / "link")
    assert not restart.is_due(tmp_path)


@pytest.mark.parametrize("text", ["", "[", "[]", "{}", "null", "[" * 9999], ids=range(6))
def test_a_damaged_record(home: Path, text: str) -> None:
    """A server whose record cannot be read is not started."""
    fallen(home)
    (home / NAME).write_text(text, encoding="utf-8")
    assert not restart.is_due(home)


def exposed(home: Path) -> None:
    fallen(home)
    (home / NAME).chmod(0o666)


def stopped(home: Path) -> None:
    daemon.start()
    kill(home)
    daemon.stop()


def left(home: Path) -> None:
    server = psutil.Process(daemon.start().pid)
    server.terminate()
    server.wait(20)


def idle(home: Path) -> None:
    daemon.start(idle=0.2)
    until(lambda: locks.holder(home) is None)


def reset(home: Path) -> None:
    daemon.start()
    daemon.reset()


@pytest.mark.parametrize("end", [exposed, stopped, left, idle, reset])
def test_what_is_not_started(home: Path, end: Callable[[Path], None]) -> None:
    """A server that was stopped or idle is not started, nor by a record that others may write."""
    end(home)
    existed = home.exists()
    assert run(home) is None
    assert home.exists() == existed


def test_a_server_that_runs(home: Path) -> None:
    """A server that runs is left alone."""
    server = daemon.start()
    assert run(home) == server.pid


def test_a_command_that_starts_or_stops_it(home: Path) -> None:
    """While a command holds the lock of starts, the program does nothing; it does not wait."""
    daemon.start()
    kill(home)
    lock = locks.acquire(home / locks.START, 0)
    assert lock is not None
    assert run(home) is None
    assert record(home)["restarts"] == 0
    os.close(lock)
    assert run(home)


def test_a_server_that_crashes_at_its_start(home: Path) -> None:
    """Each attempt counts, and after the last one there is none."""
    fallen(home)
    for count in range(LIMIT):
        change(home, argv=["false"], last=0.0)
        assert run(home) is None
        assert record(home)["restarts"] == count + 1
    change(home, last=0.0)
    assert run(home) is None
    assert record(home)["restarts"] == LIMIT


def test_a_server_that_is_well(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that has run for a while counts anew."""
    monkeypatch.setattr(restart, "HEALTHY", 0.05)
    fallen(home)

    async def live() -> None:
        restart.note(home, server_options.read(["--restarts", "3"]))
        assert record(home)["restarts"] == 3
        while record(home)["restarts"]:
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(live(), 20))


def test_a_stop_during_a_restart(home: Path) -> None:
    """A server that is stopped while it starts again is gone for good."""
    for _ in range(3):
        daemon.start()
        kill(home)
        starts = program(home)
        until(lambda: record(home)["restarts"])
        assert daemon.stop()
        assert starts.wait(20) == 0
        assert not locks.fell(home)
        assert run(home) is None
