"""Runs of a container: each has a folder, a supervisor that works in it, and files that describe the run.

The kubelet reads all that it knows of a run from these files, whether it started the run or adopted it, so
both take the same path. `supervisor` describes the files.
"""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arena import operating_system
from arena.local import sessions
from arena.local.node import processes, supervisor

STARTING, RUNNING, ENDED = "starting", "running", "ended"
NEVER_BEGUN = "StartError"
LOST = "The container could not be located when the pod was terminated"


@dataclass(frozen=True)
class Run:
    """A run as described by its files; times are seconds since the epoch.

    Attributes:
        number: the number of restarts before this run.
        failures: the number of consecutive short runs, for the back-off.
    """

    folder: Path
    number: int
    state: str
    pid: int = 0
    supervisor: int = 0
    start: float = 0
    supervisor_start: float = 0
    started: float = 0
    finished: float = 0
    code: int = 0
    reason: str = ""
    message: str = ""
    failures: int = 0

    @property
    def log(self) -> Path:
        """Its log file."""
        return self.folder / "log"

    @property
    def spec(self) -> dict[str, Any]:
        """What the run was started with."""
        return _json(self.folder / "spec.json")

    def signal(self, number: int) -> None:
        """Send a signal to the process group of the command."""
        if self.state == RUNNING:
            processes.kill_group(self.pid, self.start, number)

    def kill(self, uid: str, container: str) -> None:
        """Kill all processes of the command, also those that left its group."""
        below, session = [], 0
        if self.state == RUNNING:
            session = sessions.of(_json(self.folder / "pid"))
            if operating_system.is_running(self.pid, self.start):
                below = operating_system.descendants(self.pid, operating_system.tree())
        self.signal(signal.SIGKILL)
        processes.kill(below)
        processes.kill_marked(uid, container, session)


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def prepare(folder: Path, spec: dict[str, Any]) -> None:
    """Create the folder of a new run, readable only by the owner: its environment may contain secrets."""
    draft = folder.with_name(f"{folder.name}.new")  # so that a full disk leaves no half run
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    with open(draft / "spec.json", "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        json.dump(spec, file)
    draft.rename(folder)


def launch(folder: Path) -> "subprocess.Popen[bytes]":
    """Start the supervisor of a prepared run; the process exits once the run's `pid` or `exit` exists.

    Raises:
        OSError: it cannot be started, such as while arena is being installed anew.
    """
    os.stat(supervisor.__file__)  # without it, Python would start and end at once
    return subprocess.Popen(
        [sys.executable, "-I", "-S", supervisor.__file__, str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={},
        cwd="/",
        start_new_session=True,
    )


def refuse(folder: Path, failures: int, reason: str, message: str) -> None:
    """Record a run that failed before it started."""
    prepare(folder, {"failures": failures})
    now = time.time()
    ended = {"code": 128, "signal": 0, "reason": reason, "message": message}
    supervisor.keep(str(folder / "exit"), {**ended, "started": now, "finished": now})


def numbers(container: Path) -> list[int]:
    """Return the numbers of the runs that have a folder, oldest first."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return sorted(int(one.name) for one in container.iterdir() if one.name.isdigit())
    return []


def read(folder: Path) -> Run:
    """Read a run from its files. A run whose supervisor is gone is not `ENDED` until `settle` records it."""
    spec, ended = _json(folder / "spec.json"), _json(folder / "exit")
    pid = _json(folder / "pid")
    state = ENDED if ended else RUNNING if pid else STARTING
    return Run(
        folder=folder,
        number=int(folder.name),
        state=state,
        pid=pid.get("pid", 0),
        supervisor=pid.get("supervisor", 0),
        start=pid.get("start", 0),
        supervisor_start=pid.get("supervisor_start", 0),
        started=pid.get("started", ended.get("started", 0)),
        finished=ended.get("finished", 0),
        code=ended.get("code", 0),
        reason=ended.get("reason", ""),
        message=ended.get("message", ""),
        failures=spec.get("failures", 0),
    )


def latest(container: Path) -> Run | None:
    """Return the newest run of a container."""
    found = numbers(container)
    return read(container / str(found[-1])) if found else None


def supervised(run: Run) -> bool:
    """Whether a supervisor is at work on this run, or is about to be."""
    if run.state == RUNNING and _json(run.folder / "pid").get("boot") != operating_system.boot_id():
        return False
    if run.state == RUNNING:
        return operating_system.is_running(run.supervisor, run.supervisor_start)
    with _lock(run.folder) as free:
        return not free


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[bool]:
    """Try to take the supervisor's lock; yields whether it was free."""
    fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(fd)


def settle(run: Run, uid: str, container: str) -> Run:
    """End a run that has no supervisor: kill its remaining processes and write its `exit`.

    A supervisor that is about to start gives up, since it waits for the lock and then finds the `exit`.
    """
    with _lock(run.folder) as free:
        now = read(run.folder)
        if not free or now.state == ENDED:
            return now
        started = now.state == RUNNING
        now.kill(uid, container)
        supervisor.keep(str(run.folder / "exit"), _unknown(started, now.started))
    return read(run.folder)


def void(run: Run, uid: str, container: str) -> None:
    """Undo a run whose server died before the supervisor started, so that it can be started again."""
    settled = settle(run, uid, container)
    if settled.state == ENDED and settled.reason == NEVER_BEGUN:
        # First, so that a late supervisor has nothing to run.
        (run.folder / "spec.json").unlink(missing_ok=True)
        shutil.rmtree(run.folder)


def _unknown(started: bool, when: float) -> dict[str, Any]:
    """The `exit` record of a run whose end was not observed."""
    reason = "ContainerStatusUnknown" if started else NEVER_BEGUN
    message = LOST if started else "The container's supervisor could not be started"
    at = time.time()
    return {
        "code": 137 if started else 128,
        "signal": 0,
        "reason": reason,
        "message": message,
        "started": when or at,
        "finished": at,
    }
