"""Kills the processes of pods that are left over, whether or not a server runs or the state folder exists.

A process belongs to a state folder if its environment names one of the folder's pods, or if it is a
supervisor or a collector, which work in the folder of their pod.
"""

import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import psutil

from arena.local.folders import DaemonError

GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL."""


def find(home: Path, pods: Collection[str] | None = None) -> list[psutil.Process]:
    """Find the processes of pods, including supervisors.

    Args:
        home: the state folder.
        pods: the uids of the pods; None: all that have a folder or a supervisor.
    """
    wanted = _pods(home) if pods is None else pods
    return [process for process, pod, _ in _seen(home) if pod in wanted]


def kill(home: Path, grace: float | None = None, pods: Collection[str] | None = None) -> int:
    """Terminate the processes, kill those that ignore SIGTERM, and return their number.

    Args:
        home: the state folder.
        grace: seconds between SIGTERM and SIGKILL; None: GRACE.
        pods: as in `find`.

    Raises:
        DaemonError: a process cannot be killed.
    """
    # Once: a pod whose supervisor has ended is known by nothing else where the folder is gone.
    pods = _pods(home) if pods is None else pods
    found = find(home, pods)
    for process in found:
        with suppress(psutil.Error):
            process.terminate()
    _gone(home, GRACE if grace is None else grace, pods)
    deadline = time.monotonic() + 10
    while left := find(home, pods):
        if time.monotonic() > deadline:
            raise DaemonError(
                f"process {left[0].pid} of a pod does not end", f"end it with: kill -9 {left[0].pid}"
            )
        # A supervisor whose program is killed notes that and ends; without one, it dies next round.
        for process in [one for one in left if not _supervises(one, home)] or left:
            with suppress(psutil.Error):
                process.kill()
        _gone(home, 0.5, pods)
    return len(found)


def _gone(home: Path, seconds: float, pods: Collection[str]) -> None:
    """Wait until no process is left, up to a number of seconds."""
    deadline = time.monotonic() + seconds
    while find(home, pods) and time.monotonic() < deadline:
        time.sleep(0.02)


def _pods(home: Path) -> set[str]:
    """Return the uids of all pods that have a folder or a supervisor."""
    found = {pod for _, pod, is_supervisor in _seen(home) if is_supervisor}
    with suppress(FileNotFoundError, NotADirectoryError):
        found |= {path.name for path in (home / "pods").iterdir()}
    return found


def _seen(home: Path) -> list[tuple[psutil.Process, str, bool]]:
    """Apply `_look` to all processes, and return those of pods."""
    pods = home.resolve() / "pods"
    return [one for process in psutil.process_iter() if (one := _look(process, pods))]


def _look(process: psutil.Process, pods: Path) -> tuple[psutil.Process, str, bool] | None:
    """Return a process, its pod's uid, and whether it is a supervisor; None if it belongs to no pod."""
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        if pod := _supervised(process, pods):
            return process, pod, True
        pod = process.environ().get("ARENA_POD_UID", "")
    except (psutil.Error, OSError):
        return None
    return (process, pod, False) if pod else None


def _supervised(process: psutil.Process, pods: Path) -> str:
    """Return the uid of the pod whose supervisor or collector this is, or ""."""
    argv = process.cmdline()
    if not any(part.endswith(("/supervisor.py", "/collector.py")) for part in argv):
        return ""
    inside = (part.removeprefix(f"{pods}/") for part in argv if part.startswith(f"{pods}/"))
    return next(inside, "").partition("/")[0]


def _supervises(process: psutil.Process, home: Path) -> bool:
    try:
        return bool(_supervised(process, home.resolve() / "pods"))
    except psutil.Error:
        return False
