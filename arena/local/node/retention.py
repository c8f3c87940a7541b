"""What remains of a deleted pod: the output of its containers, as long as its job exists.

The folder of such a pod remains, without its volumes and without the environment of its runs:

- `pods/<pod>/pod.json`    the initial state of the pod, and its job
- `pods/<pod>/kept.json`   the same once the pod is gone, as it was last
- `jobs/<job>/<pod>`       empty: which pods a job has had

A job is the topmost controller of its pods, below any object that starts jobs on a schedule. All of this is
in files, and after a crash the same steps are repeated.
"""

import heapq
import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from arena import private
from arena.local import definitions
from arena.local.node import container_runs, status
from arena.local.node.environment import ENV
from arena.local.node.status import ALWAYS, View
from arena.local.objects import (
    DEPLOYMENTS,
    JOBS,
    REPLICASETS,
    STATEFULSETS,
    Object,
    Objects,
    Refused,
    Resource,
    controllers,
)

LIMIT = 1 << 30
"""Default maximum bytes of the output of deleted pods and of runs before the last two."""
SLACK = 50
"""Number of removed entries in the list of the oldest before it is rebuilt."""
LATEST = 2
"""Runs of a container that stay with its pod, whatever the limit: the present one and the one before."""
PRESENT, GONE = "pod.json", "kept.json"
_META = ("name", "namespace", "uid", "labels", "ownerReferences", "creationTimestamp")


def owners() -> tuple[Resource, ...]:
    """Return the types of objects that may own pods."""
    return (JOBS, DEPLOYMENTS, STATEFULSETS, REPLICASETS, *(one.resource for one in definitions.every()))


def record(folder: Path, objects: Objects, pod: Object, ports: dict[int, int]) -> None:
    """Record in a pod's folder what must be known without the API, and add the pod to its job's list."""
    job = _job(objects, pod)
    if job:
        there = _of_job(folder.parent, job["uid"])
        there.mkdir(parents=True, exist_ok=True, mode=0o700)
        (there / folder.name).touch(mode=0o600)
    write(folder / PRESENT, {"began": time.time(), "ports": ports, "job": job, "pod": _trimmed(pod)})


def recorded(folder: Path) -> dict[str, Any]:
    """Return what `record` wrote, for a deleted pod its last state; {} if there is nothing."""
    for name in (PRESENT, GONE):
        with suppress(OSError, ValueError):
            found = json.loads((folder / name).read_bytes())
            return found if isinstance(found, dict) else {}
    return {}


def of_job(pods: Path, job: str) -> Iterator[Object]:
    """Yield the pods that a job has had, in order and in their last state, including existing ones."""
    folders: list[Path] = []
    with suppress(FileNotFoundError, NotADirectoryError):
        folders = [pods / one.name for one in _of_job(pods, job).iterdir()]
    there = [(known["began"], folder, known) for folder in folders if (known := recorded(folder)).get("job")]
    for _, folder, known in sorted(there, key=lambda item: item[0]):
        yield {"job": known["job"], "pod": last(folder, known)}


def jobs(pods: Path) -> list[str]:
    """Return the jobs that have a list of pods."""
    with suppress(FileNotFoundError):
        return [one.name for one in (pods.parent / "jobs").iterdir()]
    return []


def last(folder: Path, known: dict[str, Any]) -> Object:
    """Return the last state of a pod: from its record or, without one, from the files of its runs."""
    pod: Object = known["pod"]
    if "status" in pod:
        return pod
    init, main = (_views(folder, pod["spec"].get(group) or []) for group in ("initContainers", "containers"))
    phase = status.phase(pod["spec"].get("restartPolicy", ALWAYS), init, main)
    told = {
        "phase": phase if phase in ("Succeeded", "Running") else "Failed",
        "containerStatuses": [status.container(folder.name, one) for one in main],
        "initContainerStatuses": [status.container(folder.name, one) for one in init],
    }
    return {**pod, "status": told}


def _views(folder: Path, specs: list[Object]) -> list[View]:
    latest = {spec["name"]: container_runs.latest(folder / "containers" / spec["name"]) for spec in specs}
    return [View(spec, latest[spec["name"]], None, None, False, False) for spec in specs]


def _job(objects: Objects, pod: Object) -> Object | None:
    """A reference to the job of a pod, or None if it has no controller."""
    found = None
    for resource, obj in controllers(objects, pod):
        if "schedule" in (obj.get("spec") or {}):
            break
        meta = obj["metadata"]
        found = {**resource._asdict(), **{key: meta.get(key, "") for key in ("namespace", "name", "uid")}}
    return found


_CONTAINER = ("name", "restartPolicy", "restartPolicyRules")
"""What is kept of a container."""


def _trimmed(pod: Object) -> Object:
    """The part of a pod that is kept: its identity and its containers."""
    meta, spec = pod["metadata"], pod["spec"]
    notes = {key: value for key, value in (meta.get("annotations") or {}).items() if key != ENV}
    groups = {
        group: [{key: one[key] for key in _CONTAINER if key in one} for one in spec[group]]
        for group in ("initContainers", "containers")
        if spec.get(group)
    }
    policy = spec.get("restartPolicy", ALWAYS)
    return {
        "metadata": {**{key: meta[key] for key in _META if key in meta}, "annotations": notes},
        "spec": {"nodeName": spec.get("nodeName", ""), "restartPolicy": policy, **groups},
    }


def _of_job(pods: Path, job: str) -> Path:
    return pods.parent / "jobs" / job


def _erase(folder: Path) -> None:
    with suppress(OSError):  # the rest is removed at the next start
        private.remove(folder)


def write(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file atomically: readers see the old or the new content."""
    draft = path.with_name(f"{path.name}.new")  # so that a full disk leaves no half record
    draft.write_text(json.dumps(content))
    draft.rename(path)


class Retention:
    """Keeps and removes the output of deleted pods; used only by the kubelet's thread.

    Args:
        pods: the folder that contains the pods' folders.
        most: maximum size in bytes; the oldest output is removed first; None: LIMIT.
    """

    def __init__(self, objects: Objects, pods: Path, most: int | None = None) -> None:
        self._objects = objects
        self._pods = pods
        self._most = LIMIT if most is None else most
        self._sizes: dict[Path, int] = {}
        self._oldest: list[tuple[bool, float, Path]] = []  # logs go before the records of their pods
        self._total = 0

    def adopt(self) -> set[str]:
        """Take over the kept output of jobs that still exist, and return its pods."""
        for job in jobs(self._pods):
            if not any(self._lives(one["job"]) for one in of_job(self._pods, job)):
                self.forget(job)
        kept = {one.parent.name for one in self._pods.glob(f"*/{GONE}")}
        for name in kept:
            (self._pods / name / PRESENT).unlink(missing_ok=True)
        for folder in self._pods.iterdir():
            for container in (folder / "containers").glob("*"):
                self._count(container, 0 if folder.name in kept else LATEST)
            if folder.name in kept:
                self._add(folder, folder / GONE)
        self._trim()
        return kept

    def retire(self, folder: Path) -> None:
        """Keep the output of a deleted pod, and remove everything else in its folder."""
        known = recorded(folder)
        if not known.get("job") or not self._lives(known["job"]) or not self._most:
            self._remove(folder)
            return
        if os.path.exists(folder / PRESENT):
            for one in (folder / "work", folder / "volumes"):
                _erase(one)
            for one in [*folder.glob("*.json"), *folder.glob("containers/*/*/*")]:
                kept = one.name in ("exit", "lost", PRESENT) or one.name.startswith("log")
                if not (kept or os.path.isdir(one)):
                    one.unlink()
            write(folder / GONE, {**known, "pod": last(folder, known)})
            (folder / PRESENT).unlink()
        for container in (folder / "containers").glob("*"):
            self._count(container, 0)
        self._add(folder, folder / GONE)
        self._trim()

    def outdated(self, folder: Path, container: str) -> None:
        """Count a run that is no longer one of the last two, or remove it if the pod has no job."""
        of_container = folder / "containers" / container
        if recorded(folder).get("job"):
            self._count(of_container, LATEST)
            self._trim()
        else:
            for number in container_runs.numbers(of_container)[:-LATEST]:
                self._drop(of_container / str(number))

    def forget(self, job: str) -> None:
        """Remove the output of a job's pods; pods that are still ending follow later."""
        there = _of_job(self._pods, job)
        if not os.path.isdir(there):
            return
        for one in there.iterdir():
            folder = self._pods / one.name
            if not os.path.exists(folder / PRESENT):
                self._remove(folder)
                one.unlink(missing_ok=True)
        with suppress(OSError):  # some still end
            there.rmdir()
        if len(self._oldest) > 2 * len(self._sizes) + SLACK:  # a heap gives up its first alone
            self._oldest = [one for one in self._oldest if one[2] in self._sizes]
            heapq.heapify(self._oldest)

    def _lives(self, job: Object) -> bool:
        resource = Resource(*(job[field] for field in Resource._fields))
        try:
            found = self._objects.get(resource, job["name"], job["namespace"] or None)
        except Refused as refused:
            if refused.code != 404:
                raise
            return False  # a type that another release served
        return found is not None and bool(found["metadata"]["uid"] == job["uid"])

    def _count(self, container: Path, latest: int) -> None:
        """Count the runs of a container except the latest."""
        numbers = container_runs.numbers(container)
        for number in numbers[: len(numbers) - latest]:
            self._add(container / str(number), container / str(number) / "exit")

    def _add(self, path: Path, dated: Path) -> None:
        if path in self._sizes or not os.path.exists(path):
            return
        own = [path, *path.iterdir()] if dated.name != GONE else [path, dated, path / "containers"]
        size = sum(one.stat().st_blocks for one in own if os.path.exists(one)) * 512
        moment = dated.stat().st_mtime if os.path.exists(dated) else 0.0
        self._sizes[path] = size
        self._total += size
        heapq.heappush(self._oldest, (dated.name == GONE, moment, path))

    def _trim(self) -> None:
        while self._total > self._most and self._oldest:
            is_pod, _, path = heapq.heappop(self._oldest)
            if path in self._sizes:
                self._remove(path) if is_pod else self._drop(path)

    def _remove(self, folder: Path) -> None:
        """Remove a pod's folder and its entry in the job's list."""
        job = (recorded(folder).get("job") or {}).get("uid")
        for path in folder.glob("containers/*/*"):
            self._total -= self._sizes.pop(path, 0)
        self._drop(folder)
        if job:
            (_of_job(self._pods, job) / folder.name).unlink(missing_ok=True)
            with suppress(OSError):  # the folder has other files
                _of_job(self._pods, job).rmdir()

    def _drop(self, path: Path) -> None:
        self._total -= self._sizes.pop(path, 0)
        _erase(path)
