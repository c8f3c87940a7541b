"""How each pod and container stands: whether it waits, runs or has ended, and how."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from arena.diagnosis.json_fields import items, mapping, moment, name, number, text
from arena.diagnosis.records import Record
from arena.tuples import NamedTuple

Object = dict[str, Any]
TERMINATED = (143, 130)
"""Exit codes of programs that SIGTERM or SIGINT ended."""
_DONE = ("Succeeded", "Complete", "Completed")


class Run(NamedTuple):
    """A run of a container: the present one, or the one before."""

    container: str
    state: str
    """`waiting`, `running` or `terminated`; "" if the cluster has told nothing."""
    reason: str = ""
    message: str = ""
    exit: int | None = None
    signal: int | None = None
    time: datetime | None = None
    """When it ended or, while it runs, when it started."""
    previous: bool = False
    init: bool = False
    image: str = ""
    restarts: int = 0
    ready: bool = False
    """Whether the container is ready, as far as is known."""

    @property
    def has_failed(self) -> bool:
        """Whether it ended with a failure of its own, or may have, as far as is known."""
        return self.state == "" or (self.state == "terminated" and self.exit != 0)

    @property
    def was_stopped(self) -> bool:
        """Whether it was told to end, as happens when another instance has failed."""
        return self.state == "terminated" and (self.exit in TERMINATED or self.signal in (15, 2))


def runs(pod: Object) -> list[Run]:
    """The runs of the containers of a pod, init containers first."""
    found: list[Run] = []
    for init, key, spec in ((True, "initContainerStatuses", "initContainers"),
                            (False, "containerStatuses", "containers")):  # fmt: skip
        told = {text(one, "name"): one for one in items(pod, "status", key)}
        for one in items(pod, "spec", spec):
            told.setdefault(text(one, "name"), {})
        for container, status in told.items():
            found += _runs(container, status, init)
    return found


def _runs(container: str, status: Object, init: bool) -> Iterator[Run]:
    for key, previous in (("state", False), ("lastState", True)):
        for state, told in mapping(status, key).items() or (() if previous else (("", {}),)):
            yield Run(
                container,
                state,
                text(told, "reason"),
                text(told, "message"),
                number(told, "exitCode"),
                number(told, "signal"),
                moment(told, "finishedAt") or moment(told, "startedAt"),
                previous,
                init,
                text(status, "image"),
                number(status, "restartCount") or 0,
                mapping(status).get("ready") is True,
            )


def is_placed(pod: Object) -> bool:
    """Whether a node has accepted the pod."""
    return bool(text(pod, "spec", "nodeName")) or text(pod, "status", "phase") not in ("Pending", "")


def has_started(pod: Object) -> bool:
    """Whether a container of it, other than init containers, has ever run."""
    return any(not one.init and one.state in ("running", "terminated") for one in runs(pod))


def phase(record: Record) -> str:
    """The phase of the job: `succeeded`, `failed`, `waiting`, `running`, or `unknown`."""
    true = {
        text(one, "type"): one
        for one in items(record.job or {}, "status", "conditions")
        if text(one, "status").lower() == "true"
    }
    if "Failed" in true or text(record.job or {}, "status", "phase") == "Failed":
        return "failed"
    if any(one in true for one in _DONE):
        return "succeeded"
    phases = [_of_pod(one) for one in record.pods]
    for one in ("failed", "waiting", "unknown"):
        if one in phases:
            return one
    if phases:
        return "running" if "running" in phases else "succeeded"
    return "waiting" if record.job else "unknown"


def _of_pod(pod: Object) -> str:
    told = text(pod, "status", "phase")
    if told in ("Failed", "Succeeded"):
        return told.lower()
    now = [one for one in runs(pod) if not one.previous]
    if any(one.state == "terminated" and one.has_failed for one in now):
        return "failed"
    if any(one.state == "waiting" and one.reason == "CrashLoopBackOff" for one in now):
        return "failed"
    broken = {one.container for one in runs(pod) if one.previous and one.has_failed}
    if any(one.state == "running" and not one.ready and one.container in broken for one in now):
        return "failed"  # between two crashes
    if told == "Running":
        return "running" if all(one.state != "waiting" for one in now) else "waiting"
    return "waiting" if told == "Pending" else "unknown"


def latest(objects: Iterable[Object]) -> datetime | None:
    """The latest time in objects and events: when they were read, or not long before."""
    return max(filter(None, (time for one in objects for time in _times(one))), default=None)


def _times(obj: Object) -> Iterator[datetime | None]:
    for key in ("creationTimestamp", "deletionTimestamp"):
        yield moment(obj, "metadata", key)
    for key in ("lastTimestamp", "eventTime"):
        yield moment(obj, key)
    yield moment(obj, "series", "lastObservedTime")
    for one in items(obj, "status", "conditions"):
        yield moment(one, "lastTransitionTime")
    for run in runs(obj):
        yield run.time


def subject(obj: Object, kind: str = "") -> str:
    """An object in messages: `pod/bert-worker-0`."""
    return f"{(kind or text(obj, 'kind') or 'object').lower()}/{name(obj)}"
