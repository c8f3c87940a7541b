"""What the cluster remarked on a job and its pods."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from time import monotonic
from typing import TYPE_CHECKING, Any

from arena import kinds, units
from arena.actions import waiting
from arena.errors import NotAllowed
from arena.model import Event, Job, Phase
from arena.resources import EVENTS

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]
_MAKES = {"trainjob": ("JobSet",), "rayjob": ("Job",)}
"""What some kinds of jobs make of what is a job of its own elsewhere, under their own name."""
REFUSED = ("FailedCreatePod", "FailedCreate")
"""What operators say of a pod that they may not make."""
PAUSE = 2.0
"""Seconds between two questions why jobs wait, where somebody watches them."""


def events(cluster: Cluster, job: Job) -> list[Event]:
    """The events of the job, of its pods and of what bears its name beside them, the oldest first.

    One request: the namespace's events are read and sorted out here, since a field selector takes
    one object only.
    """
    members = {one.uid for one in job.instances} | {job.uid}
    found = []
    # Times have whole seconds; within one the order of writing tells.
    for event in sorted(cluster.list(EVENTS, job.namespace), key=_written):
        about = event.get("involvedObject", {})
        if about.get("uid") in members:
            found.append(_read(event))
        elif _is_beside(about, job):
            found += [one for one in [_read(event)] if not _earlier(one, job)]
    return sorted(found, key=lambda event: (event.last is None, event.last))


def of(cluster: Cluster, namespace: str, uid: str) -> list[Event]:
    """The events of one object, the oldest first."""
    listed = cluster.list(EVENTS, namespace, fields=f"involvedObject.uid={uid}")
    found = [_read(event) for event in sorted(listed, key=_written)]
    return sorted(found, key=lambda event: (event.last is None, event.last))


def _is_beside(about: Object, job: Job) -> bool:
    """Whether it bears the job's name, or one that its queue or its gang made of that."""
    kind, name = about.get("kind"), about.get("name") or ""
    if kind == "Workload":
        # Kueue puts the type before and a few digits behind.
        return bool(re.fullmatch(rf"[a-z]+-{re.escape(job.name)}-[0-9a-f]{{5}}", name))
    if kind == "PodGroup" and name in (f"{job.name}-{job.uid}", f"podgroup-{job.uid}"):
        return True
    if kind in _jobs() and kind not in _MAKES.get(job.kind, ()):
        return False  # another job, of that name by chance
    return kind != "Pod" and name in (job.name, f"{job.name}-launcher", f"{job.name}-tensorboard")


@cache
def _jobs() -> frozenset[str]:
    """The cluster's words for whatever users submit."""
    from arena.kinds.cron import CARRIERS

    own = {resource.kind for kind in kinds.all_kinds() for resource in kind.resources}
    return frozenset(own | {resource.kind for resource in CARRIERS})


def explained(cluster: Cluster, namespace: str | None, jobs: Sequence[Job]) -> list[Job]:
    """The jobs; where instances are missing, with why the cluster has none made as the reason.

    Queues tell why a job waits in one; only events tell of a quota that is used up. No request is
    made where no job lacks instances.
    """
    jobs = waiting.explained(cluster, namespace, jobs)
    lacking = {job.uid for job in jobs if _lacks(job)}
    told: dict[str, Event] = {}
    try:
        for reason in REFUSED if lacking else ():
            for event in cluster.list(EVENTS, namespace, fields=f"reason={reason}"):
                told[event.get("involvedObject", {}).get("uid", "")] = _read(event)
    except NotAllowed:
        return list(jobs)
    blamed = lacking & told.keys()
    return [replace(job, reason=_why(told[job.uid])) if job.uid in blamed else job for job in jobs]


class Explained:
    """`explained` for who looks again and again: the cluster is asked every `pause` seconds at most."""

    def __init__(self, cluster: Cluster, namespace: str | None, pause: float = PAUSE) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._pause = pause
        self._next = 0.0
        self._told: dict[str, tuple[Job, Job]] = {}
        self._open = False

    def __call__(self, jobs: Sequence[Job]) -> list[Job]:
        """The jobs as `explained` gives them; what was told before holds as long as they say the same."""
        self._open = any(map(_is_unclear, jobs))
        if self._open and monotonic() >= self._next:
            told = explained(self._cluster, self._namespace, jobs)
            self._told = {one.uid: (one, other) for one, other in zip(jobs, told, strict=True)}
            self._next = monotonic() + self._pause
        return [self._again(job) for job in jobs]

    def within(self, tick: float | None) -> float | None:
        """Seconds after which to look again though nothing changed: places in queues may; None: never."""
        return min(self._pause, tick or self._pause) if self._open else tick

    def _again(self, job: Job) -> Job:
        one, told = self._told.get(job.uid, (job, job))
        same = (one.phase, one.reason) == (job.phase, job.reason)
        if one is told or not same or not _is_unclear(job):
            return job
        return replace(job, phase=told.phase, reason=told.reason, queue=told.queue)


def _is_unclear(job: Job) -> bool:
    """Whether the cluster may tell more of it than it says itself."""
    return _lacks(job) or waiting.may_wait(job)


def _lacks(job: Job) -> bool:
    """Whether it should have more instances than there are."""
    live = job.phase in (Phase.PENDING, Phase.STARTING, Phase.RUNNING)
    return live and len(job.instances) < job.wanted


def _why(event: Event) -> str:
    """The part of an operator's message that is the cluster's."""
    _, sign, rest = event.message.partition("exceeded quota")
    return sign + rest or event.message.removeprefix("Error creating: ")


def _written(event: Object) -> int:
    version = str(event["metadata"].get("resourceVersion", ""))
    return int(version) if version.isdigit() else 0


def _earlier(event: Event, job: Job) -> bool:
    """Whether it is about an earlier job of that name."""
    return bool(event.last and job.created and event.last < job.created)


def _read(event: Object) -> Event:
    about = event.get("involvedObject", {})
    stamp = event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp")
    return Event(
        subject=f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}",
        type=event.get("type") or "Normal",
        reason=event.get("reason") or "",
        message=(event.get("message") or "").strip(),
        count=event.get("count") or (event.get("series") or {}).get("count") or 1,
        last=units.when(stamp),
    )
