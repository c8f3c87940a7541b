"""What others may ask of the processes behind a pod: the answers of `arena.local.runtime.Runtime`.

Everything is read from the pod's folder and from the machine, so any thread may ask.
"""

import json
import os
import socket
import time
from pathlib import Path
from typing import Any

import psutil

from arena.local.node import processes, runs
from arena.local.node.environment import Mount, relocate
from arena.local.node.references import HOST
from arena.local.node.runs import ENDED, RUNNING, Run
from arena.local.runtime import Surroundings, Usage

CONNECT = 0.2
"""Seconds to wait for a loopback port to accept."""


class Inside:
    """Answers from the folders of pods below `pods`."""

    def __init__(self, pods: Path) -> None:
        self.pods = pods
        self._seconds: dict[Path, tuple[float, float]] = {}

    def _folder(self, uid: str, container: str) -> Path:
        return self.pods / uid / "containers" / container

    def _running(self, uid: str, container: str) -> Run | None:
        run = runs.latest(self._folder(uid, container))
        return run if run is not None and run.state == RUNNING else None

    def log(self, uid: str, container: str, previous: bool = False) -> Path | None:
        """The log of the container's current (or previous) run; None where it never ran."""
        found = runs.numbers(self._folder(uid, container))
        if len(found) < 1 + previous:
            return None
        return self._folder(uid, container) / str(found[-1 - previous]) / "log"

    def running(self, uid: str, container: str) -> bool:
        """Whether the container's current run has not ended."""
        run = runs.latest(self._folder(uid, container))
        return run is not None and run.state != ENDED

    def surroundings(self, uid: str, container: str, command: list[str]) -> Surroundings | None:
        """What a further process of the container is started with; None where it does not run."""
        run = self._running(uid, container)
        spec = run.spec if run else {}
        if not spec:
            return None
        mounts = tuple(Mount(volume, path, Path(real)) for volume, path, real in spec["mounts"])
        return Surroundings(tuple(relocate(word, mounts) for word in command), spec["env"], spec["cwd"])

    def stdin(self, uid: str, container: str) -> Path | None:
        """The named pipe that feeds the container, when its spec asks for one."""
        run = self._running(uid, container)
        path = run.folder / "stdin" if run else None
        return path if path is not None and path.exists() else None

    def terminal(self, uid: str, container: str) -> Path | None:
        """The device of the terminal on which the container's command runs, when it has one."""
        run = self._running(uid, container)
        try:
            device = psutil.Process(run.pid).terminal() if run else None
        except psutil.Error:
            return None
        return Path(device) if device else None

    def port(self, uid: str, port: int) -> int | None:
        """Where the pod listens for its `port`: the allotted one, else the same if its own process has it."""
        allotted = _record(self.pods / uid).get("ports", {}).get(str(port))
        if allotted is not None and accepts(allotted):
            return int(allotted)
        return port if accepts(port) and port in self._listening(uid) else None

    def _containers(self, uid: str) -> list[tuple[str, Run]]:
        folder = self.pods / uid / "containers"
        names = sorted(one.name for one in folder.iterdir()) if folder.is_dir() else []
        return [(name, run) for name in names if (run := self._running(uid, name))]

    def _processes(self, uid: str) -> list[tuple[str, Run, list[psutil.Process]]]:
        """The running containers with their processes; those that the server executed in them included."""
        children = processes.tree()
        guests = processes.descendants(os.getpid(), children)
        found = []
        for name, run in self._containers(uid):
            below = processes.descendants(run.supervisor, children)
            extra = set(guests) & set(processes.marked(uid, name)) if guests else set()
            found.append((name, run, _existing({*below, *extra})))
        return found

    def _listening(self, uid: str) -> set[int]:
        ports: set[int] = set()
        for _, _, members in self._processes(uid):
            for process in members:
                ports.update(_ports(process))
        return ports

    def usage(self, uid: str) -> list[Usage]:
        """CPU (cores since the previous call, at first since the start) and memory of each container."""
        return [self._usage(name, run, members) for name, run, members in self._processes(uid)]

    def _usage(self, name: str, run: Run, members: list[psutil.Process]) -> Usage:
        now, seconds, memory = time.time(), 0.0, 0
        for process in members:
            try:
                times = process.cpu_times()
                seconds += times.user + times.system
                memory += process.memory_info().rss
            except psutil.Error:
                continue
        then, before = self._seconds.get(run.folder, (run.started, 0.0))
        self._seconds[run.folder] = (now, seconds)
        return Usage(name, max(0.0, seconds - before) / max(now - then, 0.001), memory)

    def forget(self, uid: str) -> None:
        """Drop what is remembered of a pod that is gone."""
        for path in list(self._seconds):  # another thread may add to it
            if self.pods / uid in path.parents:
                self._seconds.pop(path, None)


def _existing(pids: set[int]) -> list[psutil.Process]:
    found = []
    for pid in pids:
        try:
            found.append(psutil.Process(pid))
        except psutil.Error:
            continue
    return found


def _ports(process: psutil.Process) -> set[int]:
    """The TCP ports where a process listens; none when it may not be asked."""
    ask: Any = getattr(process, "net_connections", None) or process.connections
    try:
        return {one.laddr.port for one in ask("tcp") if one.status == psutil.CONN_LISTEN}
    except psutil.Error:
        return set()


def accepts(port: int) -> bool:
    """Whether anybody listens on this loopback port."""
    try:
        with socket.create_connection((HOST, port), CONNECT):
            return True
    except OSError:
        return False


def record(folder: Path, content: dict[str, Any]) -> None:
    """Keep what must be known of a pod without asking the API."""
    draft = folder / "pod.json.new"
    draft.write_text(json.dumps(content))
    draft.rename(folder / "pod.json")


def _record(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / "pod.json").read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
