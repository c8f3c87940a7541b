"""Ends every process of every pod of one state folder, whether or not a server runs.

A process belongs to the folder when its environment names one of the folder's pods, or when it
is a supervisor: those work in a folder of their pod.
"""

import time
from contextlib import suppress
from pathlib import Path

import psutil

from arena.local.state import DaemonError

GRACE = 5.0
"""Seconds that programs get to end by themselves."""


def processes(home: Path) -> list[psutil.Process]:
    """The processes of the folder's pods, supervisors included."""
    pods = home.resolve() / "pods"
    try:
        uids = {path.name for path in pods.iterdir()}
    except FileNotFoundError:
        return []
    return [process for process in psutil.process_iter() if _belongs(process, pods, uids)]


def sweep(home: Path, grace: float | None = None) -> int:
    """End them all, by force those that do not heed SIGTERM; how many there were.

    Args:
        home: the state folder.
        grace: seconds they get to end by themselves; None: GRACE.

    Raises:
        DaemonError: one cannot be ended.
    """
    found = processes(home)
    for process in found:
        with suppress(psutil.Error):
            process.terminate()
    _gone(home, GRACE if grace is None else grace)
    deadline = time.monotonic() + 10
    while left := processes(home):
        if time.monotonic() > deadline:
            raise DaemonError(
                f"process {left[0].pid} of a pod does not end", f"end it with: kill -9 {left[0].pid}"
            )
        # A supervisor whose program is killed notes that and ends; without one, it dies next round.
        for process in [one for one in left if not _supervises(one, home)] or left:
            with suppress(psutil.Error):
                process.kill()
        _gone(home, 0.5)
    return len(found)


def _gone(home: Path, seconds: float) -> None:
    """Wait until no process is left, at most so long."""
    deadline = time.monotonic() + seconds
    while processes(home) and time.monotonic() < deadline:
        time.sleep(0.02)


def _belongs(process: psutil.Process, pods: Path, uids: set[str]) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return process.environ().get("ARENA_POD_UID") in uids or _inside(process, pods)
    except (psutil.Error, OSError):
        return False


def _inside(process: psutil.Process, pods: Path) -> bool:
    """Whether one of its arguments is a path of a pod's folder and it is a supervisor."""
    argv = process.cmdline()
    return any(part.endswith("supervisor.py") for part in argv) and any(
        part.startswith(f"{pods}/") for part in argv
    )


def _supervises(process: psutil.Process, home: Path) -> bool:
    try:
        return _inside(process, home.resolve() / "pods")
    except psutil.Error:
        return False
