"""The node's side of metrics: starts collectors, and writes their results as ObservationLogs.

Everything is in files: `collect.json` in a container's folder says that its metrics are being collected,
`collected.json` that this is done and was written. So a new server continues where the last one was killed.
"""

import contextlib
import fcntl
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from arena.local.node import container_runs, last_output, retention
from arena.local.node.metrics import collector, request
from arena.local.node.metrics.bell import Bell
from arena.local.objects import OBSERVATION_LOGS, PODS, Object, Objects, Refused

LOG = logging.getLogger(__name__)
PAUSE = 0.5
"""Seconds between two looks at the files of collectors that an earlier server started."""
AGAIN = 5.0
"""Seconds after which a collector that died is started again."""
ASKED, DONE, FOUND = "collect.json", "collected.json", "observed.json"


OUTPUT = 1000
"""Characters of a container's last output that an ObservationLog holds."""


class Container:
    """The collection of one container's metrics.

    Args:
        bell: the descriptor on which its collector reports that it has found something.
    """

    def __init__(self, folder: Path, bell: int) -> None:
        self.folder = folder
        self.pod = folder.parent.parent
        self._bell = bell
        self._launcher: subprocess.Popen[bytes] | None = None
        self._next = 0.0
        self._seen = 0

    def found(self) -> dict[str, Any]:
        """What its collector has found so far."""
        return collector.load(str(self.folder / FOUND))

    def has_news(self) -> bool:
        """Whether the collector has written something since the last call."""
        try:
            changed = (self.folder / FOUND).stat().st_mtime_ns
        except OSError:
            return False
        before, self._seen = self._seen, changed
        return before != changed

    def is_complete(self) -> bool:
        """Whether all output of all runs so far has been read."""
        runs = container_runs.numbers(self.folder)
        return bool(runs) and self.found().get("ended") == runs[-1]

    def drive(self) -> None:
        """See to it that a collector is at work while there is something to read."""
        if self._launcher is not None and self._launcher.poll() is None:
            return
        if time.monotonic() < self._next or self.is_complete() or not self._is_free():
            return
        self._next = time.monotonic() + AGAIN
        with contextlib.suppress(OSError):  # too many processes: again later
            self._launcher = subprocess.Popen(
                [sys.executable, "-I", "-S", collector.__file__, str(self._bell), str(self.folder)],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env={}, cwd="/", start_new_session=True, pass_fds=(self._bell,),
            )  # fmt: skip
            # At once: the program whose output it reads starts at the same time, and comes first.
            os.setpriority(os.PRIO_PROCESS, self._launcher.pid, collector.NICE)

    def settle(self) -> None:
        """Wait for the process that starts the collector, which ends in a moment."""
        if self._launcher is not None:
            self._launcher.wait()

    def restarted(self) -> None:
        """A new run begins: its collector may start at once."""
        self._next = 0.0

    def _is_free(self) -> bool:
        """Whether no collector is at work."""
        fd = os.open(self.folder / "collector", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(fd)
        return True


class Collection:
    """Collects the metrics of all containers whose pods request it.

    Args:
        pods: the folder of the pods' folders.
    """

    def __init__(self, objects: Objects, pods: Path) -> None:
        self._objects = objects
        self._pods = pods
        self._lock = threading.Lock()
        self._containers: dict[Path, Container] = {}
        self._unwritten: set[Path] = set()
        self._ending: set[Path] = set()
        """Pods whose output has been read, and which have not ended."""
        self._bell = Bell()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kubelet-metrics", daemon=True)

    def start(self) -> None:
        """Go on with what an earlier server collected."""
        for asked in self._pods.glob(f"*/containers/*/{ASKED}"):
            self.follow(asked.parent)
        self._thread.start()

    def stop(self) -> None:
        """Stop writing; collectors live on."""
        self._stopping.set()
        self._bell.ring()
        if self._thread.is_alive():
            self._thread.join()
        for one in self._containers.values():
            one.settle()
        self._bell.close()

    def prepare(self, pod: Object, folder: Path, relocate: Callable[[str], str]) -> bool:
        """Record that the container in this folder is to be collected, if its pod requests it.

        The next run has not begun yet, so that a server that is killed in between forgets nothing.

        Raises:
            Invalid: its pod's request is invalid.
        """
        asked = request.of(pod, folder.name, relocate)
        if asked is None:
            return False
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        retention.write(folder / ASKED, asked)
        return True

    def follow(self, folder: Path) -> None:
        """Collect the metrics of the container in this folder, whose run has begun."""
        with self._lock:
            self._containers.setdefault(folder, Container(folder, self._bell.fd)).restarted()
        self._bell.ring()

    def ended(self) -> None:
        """A pod has ended, so that what was found of it is complete."""
        if self._containers:
            self._bell.ring()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._bell.wait(PAUSE if self._containers else None)
            if self._stopping.is_set():
                return
            try:
                self._look()
            except Exception:  # the boundary between pods, as in the kubelet's thread
                LOG.exception("metrics")

    def _look(self) -> None:
        with self._lock:
            followed = list(self._containers.values())
        for one in followed:
            if not os.path.isdir(one.folder):
                self._forget(one)
                continue
            one.drive()
            if one.has_news():
                self._unwritten.add(one.pod)
        self._unwritten |= {pod for pod in self._ending if self._is_over(retention.recorded(pod).get("pod"))}
        for pod in list(self._unwritten):
            try:
                self._write(pod, [one for one in followed if one.pod == pod])
            except (Refused, OSError) as error:
                LOG.warning("metrics of pod %s: %s", pod.name, error)
            else:
                self._unwritten.discard(pod)

    def _forget(self, container: Container) -> None:
        container.settle()
        with self._lock:
            self._containers.pop(container.folder, None)
        if not os.path.isdir(container.pod):
            self._unwritten.discard(container.pod)
            self._ending.discard(container.pod)

    def _write(self, folder: Path, containers: list[Container]) -> None:
        """Write the ObservationLog of a pod."""
        known = retention.recorded(folder)
        if "pod" not in known:
            return
        is_read = all(one.is_complete() for one in containers)
        complete = is_read and self._is_over(known["pod"])
        body = _log(known, containers, complete)
        meta = body["metadata"]
        if self._objects.get(OBSERVATION_LOGS, meta["name"], meta["namespace"]) is None:
            self._objects.create(OBSERVATION_LOGS, body, meta["namespace"])
        else:
            change = {"status": body["status"]}
            self._objects.patch(OBSERVATION_LOGS, meta["name"], change, meta["namespace"])
        self._ending.discard(folder)
        if is_read and not complete:
            self._ending.add(folder)
        if complete:
            for one in containers:
                (one.folder / ASKED).rename(one.folder / DONE)
                self._forget(one)

    def _is_over(self, pod: Object | None) -> bool:
        """Whether no container of the pod starts again."""
        if pod is None:
            return True
        meta = pod["metadata"]
        found = self._objects.get(PODS, meta["name"], meta["namespace"])
        if found is None or found["metadata"]["uid"] != meta["uid"]:
            return True
        return (found.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def _log(known: dict[str, Any], containers: list[Container], complete: bool) -> Object:
    """The ObservationLog of a pod, from the record of `retention.record`."""
    meta, job = known["pod"]["metadata"], known["job"]
    owner = {"apiVersion": "v1", "kind": "Pod", "name": meta["name"], "uid": meta["uid"]}
    if job:
        version = f"{job['group']}/{job['version']}" if job["group"] else job["version"]
        owner = {"apiVersion": version, "kind": job["kind"], "name": job["name"], "uid": job["uid"]}
    found = {one.folder.name: one.found() for one in containers}
    metrics = [
        _metric(container, name, series)
        for container, state in sorted(found.items())
        for name, series in state.get("series", {}).items()
    ]
    status = {
        "complete": complete,
        "gaps": sum(one.get("position", {}).get("gaps", 0) for one in found.values()),
        "dropped": sum(one.get("dropped", 0) for one in found.values()),
        "metrics": metrics,
    }
    if complete:
        status["output"] = [_output(one.folder) for one in containers]
    return {
        "apiVersion": OBSERVATION_LOGS.api_version,
        "kind": OBSERVATION_LOGS.kind,
        "metadata": {
            "name": meta["uid"],
            "namespace": meta["namespace"],
            "labels": meta.get("labels") or {},
            "ownerReferences": [owner],
        },
        "pod": {"name": meta["name"], "uid": meta["uid"]},
        "status": status,
    }


def _output(folder: Path) -> Object:
    """The end of a container's output, which tells why it holds no metrics."""
    run = container_runs.latest(folder)
    return {"container": folder.name, "text": last_output.read(run.log)[-OUTPUT:] if run else ""}


def _metric(container: str, name: str, series: dict[str, Any]) -> Object:
    bounds = {key: series[key] for key in ("min", "max") if series.get(key) is not None}
    values = [{"time": time_, "value": text} for time_, text in series["values"]]
    latest = dict(zip(("time", "value"), series["latest"], strict=True))
    return {"name": name, "container": container, "count": series["count"], **bounds, "latest": latest,
            "values": values}  # fmt: skip
