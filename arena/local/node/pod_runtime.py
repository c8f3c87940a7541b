"""Answers the API's questions about the processes behind a pod: implements `arena.local.runtime.Runtime`.

All answers are read from the pod's folder and from the machine, so any thread may call.
"""

import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from arena import operating_system
from arena.local.node import container_runs, execution, processes, retention
from arena.local.node.container_runs import ENDED, RUNNING, Run
from arena.local.node.mounts import Mount, relocate_words
from arena.local.node.value_sources import HOST
from arena.local.objects import Object
from arena.local.runtime import ExecSpec, Usage

CONNECT = 0.2
"""Seconds to wait for a loopback port to accept."""


class PodRuntime:
    """Answers from the folders of pods below `pods`."""

    def __init__(self, pods: Path) -> None:
        self.pods = pods
        self._seconds: dict[Path, tuple[float, float]] = {}

    def _folder(self, uid: str, container: str) -> Path:
        return self.pods / uid / "containers" / container

    def _running(self, uid: str, container: str) -> Run | None:
        run = container_runs.latest(self._folder(uid, container))
        return run if run is not None and run.state == RUNNING else None

    def log(self, uid: str, container: str, previous: bool = False) -> Path | None:
        """Return the log of the container's current (or previous) run, or None if there was none."""
        found = container_runs.numbers(self._folder(uid, container))
        if len(found) < 1 + previous:
            return None
        return self._folder(uid, container) / str(found[-1 - previous]) / "log"

    def run(self, uid: str, container: str, restart: int) -> Path | None:
        """Return the log of the run after that many restarts, or None if it is not kept."""
        path = self._folder(uid, container) / str(restart) / "log"
        return path if os.path.exists(path) else None

    def namespace(self, uid: str) -> str:
        """Return the namespace of a pod, even if it is gone, or "" if it is unknown."""
        known = retention.recorded(self.pods / uid)
        return str(known["pod"]["metadata"].get("namespace", "")) if "pod" in known else ""

    def pods_of(self, job: str) -> list[Object]:
        """Return the pods that a job ("": any job) has had and whose output is kept, each with its `job`."""
        chosen = [job] if job else retention.jobs(self.pods)
        return [pod for one in chosen for pod in retention.of_job(self.pods, one)]

    def running(self, uid: str, container: str) -> bool:
        """Whether the container's current run has not ended."""
        run = container_runs.latest(self._folder(uid, container))
        return run is not None and run.state != ENDED

    def exec_spec(self, uid: str, container: str, command: list[str]) -> ExecSpec | None:
        """Return what runs one more command in the container, or None if it is not running."""
        run = self._running(uid, container)
        spec = run.spec if run else {}
        if run is None or not spec:
            return None
        mounts = tuple(Mount(volume, path, Path(real)) for volume, path, real in spec["mounts"])
        begin = [sys.executable, "-I", "-S", execution.__file__, str(run.folder)]
        return ExecSpec(begin + relocate_words(command, mounts), processes.marks(uid, container))

    def stdin(self, uid: str, container: str) -> Path | None:
        """Return the named pipe of the container's input, if its spec requests one."""
        run = self._running(uid, container)
        path = run.folder / "stdin" if run else None
        return path if path is not None and os.path.exists(path) else None

    def terminal(self, uid: str, container: str) -> Path | None:
        """Return the device of the container's terminal, if it has one."""
        run = self._running(uid, container)
        try:
            device = psutil.Process(run.pid).terminal() if run else None
        except psutil.Error:
            return None
        return Path(device) if device else None

    def port(self, uid: str, port: int) -> int | None:
        """Return the real port for a pod's `port`: the allotted one, or the same if it listens there."""
        allotted = retention.recorded(self.pods / uid).get("ports", {}).get(str(port))
        if allotted is not None and accepts(allotted):
            return int(allotted)
        return port if accepts(port) and port in self._listening(uid) else None

    def _containers(self, uid: str) -> list[tuple[str, Run]]:
        folder = self.pods / uid / "containers"
        names = sorted(one.name for one in folder.iterdir()) if os.path.isdir(folder) else []
        return [(name, run) for name in names if (run := self._running(uid, name))]

    def _processes(self, uid: str) -> list[tuple[str, Run, list[psutil.Process]]]:
        """The running containers with their processes, including those started by exec."""
        running = self._containers(uid)
        if not running:  # to look through all processes of the machine takes long
            return []
        children = operating_system.tree()
        guests = operating_system.descendants(os.getpid(), children)
        found = []
        for name, run in running:
            below = operating_system.descendants(run.supervisor, children)
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
        """Return the CPU (cores since the previous call or the start) and memory of each container."""
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
        """Forget a pod that is gone."""
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
    """The TCP ports on which a process listens; none if they cannot be read."""
    ask: Any = getattr(process, "net_connections", None) or process.connections
    try:
        return {one.laddr.port for one in ask("tcp") if one.status == psutil.CONN_LISTEN}
    except psutil.Error:
        return set()


def accepts(port: int) -> bool:
    """Whether a program listens on this loopback port."""
    try:
        with socket.create_connection((HOST, port), CONNECT):
            return True
    except OSError:
        return False
