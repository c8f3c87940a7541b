"""Processes of pods: the mark by which they are known, and signals."""

import os
import signal
from contextlib import suppress

from arena import operating_system

MARK = "ARENA_POD_UID"
"""The environment variable by which every process of a pod is known, whatever became of its parents."""
CONTAINER = "ARENA_CONTAINER"


def kill_group(pid: int, start: float, number: int) -> None:
    """Send a signal to a process group, if its leader still is the process with this start time."""
    if operating_system.is_running(pid, start):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, number)


def marks(uid: str, container: str = "") -> dict[str, str]:
    """Return the variables by which processes of a pod, or of one of its containers, are known."""
    return {MARK: uid} | ({CONTAINER: container} if container else {})


def marked(uid: str, container: str = "", session: int = 0) -> list[int]:
    """Return the processes that carry the mark of a pod or of one of its containers, except this one.

    Where the system does not show a process's environment, those in the `session` count instead.
    """
    wanted = [f"\0{name}={value}\0".encode() for name, value in marks(uid, container).items()]
    others = (pid for pid in operating_system.pids() if pid != os.getpid())
    return [pid for pid in others if _is_marked(pid, wanted, session)]


def _is_marked(pid: int, wanted: list[bytes], session: int) -> bool:
    if text := operating_system.environment(pid):
        return all(one in text for one in wanted)
    with suppress(OSError):
        return bool(session) and os.getsid(pid) == session
    return False


def kill_marked(uid: str, container: str = "", session: int = 0) -> int:
    """Kill all processes that are `marked`, also those in other sessions, and return their number."""
    found = marked(uid, container, session)
    kill(found)
    return len(found)


def kill(pids: list[int]) -> None:
    """Kill these processes; those that are already gone are ignored."""
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
