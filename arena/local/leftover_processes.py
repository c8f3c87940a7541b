"""Kills the processes of pods that are left over, whether or not a server runs or the state folder exists.

The proxy's process is found, too.

A process belongs to a state folder if its environment names one of the folder's pods, or if it is a
supervisor or a collector, which work in the folder of their pod. A process whose environment the system does
not show belongs to the pod whose command, or a descendant of it, began its session.
"""

import json
import os
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from arena import operating_system
from arena.local import sessions
from arena.local.folders import DaemonError
from arena.paths import StrPath

GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL."""


def find(home: StrPath, pods: Collection[str] | None = None) -> list[psutil.Process]:
    """Find the processes of pods, including supervisors.

    Args:
        home: the state folder.
        pods: the uids of the pods; None: all that have a folder or a supervisor, and the proxy.
    """
    return _Search(home, pods).find()


def kill(home: StrPath, grace: float | None = None, pods: Collection[str] | None = None) -> int:
    """Terminate the processes, kill those that ignore SIGTERM, and return their number.

    Args:
        home: the state folder.
        grace: seconds between SIGTERM and SIGKILL; None: GRACE.
        pods: as in `find`.

    Raises:
        DaemonError: a process cannot be killed.
    """
    search = _Search(home, pods)
    found = search.find()
    for process in found:
        with suppress(psutil.Error):
            process.terminate()
    _gone(search, GRACE if grace is None else grace)
    deadline = time.monotonic() + 10
    while left := search.find():
        if time.monotonic() > deadline:
            raise DaemonError(
                f"process {left[0].pid} of a pod does not end", f"end it with: kill -9 {left[0].pid}"
            )
        # A supervisor whose program is killed notes that and ends; without one, it dies next round.
        for process in [one for one in left if not search.supervises(one)] or left:
            with suppress(psutil.Error):
                process.kill()
        _gone(search, 0.5)
    return len(found)


class _Search:
    """Finds processes of pods.

    What tells the pods is read once: one whose supervisor has ended is known by nothing else where the folder
    is gone.
    """

    def __init__(self, home: StrPath, pods: Collection[str] | None) -> None:
        self._folder = os.path.realpath(os.path.join(home, "pods"))
        self._seeks_proxy = pods is None
        supervisors = {one.pid: pod for one in psutil.process_iter() if (pod := self._supervised(one))}
        self._pods = {*supervisors.values(), *_names(self._folder)} if pods is None else pods
        self._sessions = dict(_recorded(self._folder))
        self._sessions |= _begun({**supervisors, **self._sessions})

    def find(self) -> list[psutil.Process]:
        """The processes that exist now."""
        return [one for one in psutil.process_iter() if self._pod(one) in self._pods or self._is_proxy(one)]

    def supervises(self, process: psutil.Process) -> bool:
        """Whether it is a supervisor or a collector."""
        return bool(self._supervised(process))

    def _pod(self, process: psutil.Process) -> str:
        """The uid of the pod that a process belongs to, or ""."""
        with suppress(psutil.Error, OSError):
            if process.status() == psutil.STATUS_ZOMBIE:
                return ""
            if pod := self._supervised(process):
                return pod
            if text := operating_system.environment(process.pid):
                return os.fsdecode(text.partition(b"\0ARENA_POD_UID=")[2].partition(b"\0")[0])
            return self._sessions.get(os.getsid(process.pid), "")
        return ""

    def _is_proxy(self, process: psutil.Process) -> bool:
        """Whether it is the proxy's process, and that is to be found."""
        with suppress(psutil.Error, OSError):
            argv = process.cmdline() if self._seeks_proxy else []
            is_proxy = any(part.endswith("/proxy/process.py") for part in argv)
            return is_proxy and os.path.realpath(argv[-1]) == os.path.dirname(self._folder)
        return False

    def _supervised(self, process: psutil.Process) -> str:
        """The uid of the pod whose supervisor or collector this is, or ""."""
        argv: list[str] = []
        with suppress(psutil.Error, OSError):
            argv = process.cmdline()
        if not any(part.endswith(("/supervisor.py", "/collector.py")) for part in argv):
            return ""
        # A folder has many names where a link leads to it, as /tmp does on macOS.
        places = (os.path.realpath(part) for part in argv if os.path.isabs(part))
        top = f"{self._folder}/"
        inside = (place.removeprefix(top) for place in places if place.startswith(top))
        return next(inside, "").partition("/")[0]


def _gone(search: _Search, seconds: float) -> None:
    """Wait until no process is left, up to a number of seconds."""
    deadline = time.monotonic() + seconds
    while search.find() and time.monotonic() < deadline:
        time.sleep(0.02)


def _names(folder: str) -> list[str]:
    with suppress(FileNotFoundError, NotADirectoryError):
        return os.listdir(folder)
    return []


def _begun(pods: Mapping[int, str]) -> dict[int, str]:
    """The sessions of all descendants of these processes, with the uids of their pods."""
    below = operating_system.tree()
    found = {}
    for top, pod in pods.items():
        for pid in operating_system.descendants(top, below):
            with suppress(OSError):
                found[os.getsid(pid)] = pod
    return found


def _recorded(folder: str) -> Iterator[tuple[int, str]]:
    """The sessions of runs that have not ended, with the uids of their pods."""
    for path in Path(folder).glob("*/containers/*/*/pid"):
        with suppress(OSError, ValueError):
            over = os.path.exists(path.with_name("exit"))
            if not over and (session := sessions.of(json.loads(path.read_bytes()))):
                yield session, path.parts[-5]
