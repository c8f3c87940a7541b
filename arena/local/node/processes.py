"""Processes of this machine: identity by start time, the mark of their pod, descendants, and signals."""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import cast

import psutil

LINUX = sys.platform == "linux"
MARK = "ARENA_POD_UID"
"""The environment variable by which every process of a pod is known, whatever became of its parents."""
CONTAINER = "ARENA_CONTAINER"


def alive(pid: int, start: float) -> bool:
    """Whether the process `pid` that started at `start` (ticks on Linux, else epoch seconds) is running."""
    if not LINUX:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            return abs(process.create_time() - start) < 2 and process.status() != psutil.STATUS_ZOMBIE
        return False
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
    except OSError:
        return False
    return fields[0] not in (b"Z", b"X") and int(fields[19]) == start


def kill_group(pid: int, start: float, number: int) -> None:
    """Send a signal to a process group, if its leader still is the process with this start time."""
    if alive(pid, start):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, number)


def _environ(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return b"\0" + file.read() + b"\0"
    except OSError:
        return b""


def _marked_linux(wanted: list[bytes]) -> Iterator[int]:
    for name in filter(str.isdigit, os.listdir("/proc")):
        text = _environ(int(name))
        if text and all(one in text for one in wanted):
            yield int(name)


def _marked_elsewhere(wanted: dict[str, str]) -> Iterator[int]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if wanted.items() <= process.environ().items():
                yield process.pid


def marked(uid: str, container: str = "") -> list[int]:
    """Return the processes that carry the mark of a pod or of one of its containers, except this one."""
    wanted = {MARK: uid} | ({CONTAINER: container} if container else {})
    if LINUX:
        found = _marked_linux([f"\0{name}={value}\0".encode() for name, value in wanted.items()])
    else:
        found = _marked_elsewhere(wanted)
    return [pid for pid in found if pid != os.getpid()]


def kill_marked(uid: str, container: str = "") -> int:
    """Kill all processes with the mark, also those in other sessions, and return their number."""
    found = marked(uid, container)
    kill(found)
    return len(found)


def kill(pids: list[int]) -> None:
    """Kill these processes; those that are already gone are ignored."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def opener() -> Callable[[int], int] | None:
    """Return `pidfd_open` if the system has it: its descriptor becomes readable when the process exits."""
    found = getattr(os, "pidfd_open", None)
    return cast(Callable[[int], int], found) if found else None


def tree() -> dict[int, list[int]]:
    """Return the children of all processes of the machine, read in one pass."""
    children: dict[int, list[int]] = {}
    for pid, parent in _parents_linux() if LINUX else _parents_elsewhere():
        children.setdefault(parent, []).append(pid)
    return children


def _parents_linux() -> Iterator[tuple[int, int]]:
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as stat:
            yield int(name), int(stat.read().rpartition(b")")[2].split()[1])


def _parents_elsewhere() -> Iterator[tuple[int, int]]:
    for process in psutil.process_iter(["ppid"]):
        yield process.pid, process.info["ppid"]


def descendants(pid: int, children: dict[int, list[int]]) -> list[int]:
    """Return all descendants of a process in a `tree`."""
    found = list(children.get(pid, ()))
    for one in found:  # grows while it is walked
        found.extend(children.get(one, ()))
    return found
