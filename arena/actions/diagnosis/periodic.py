"""Explain jobs that are being watched."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING

from arena.actions.diagnosis import explain
from arena.model.jobs import Job
from arena.values import replace

if TYPE_CHECKING:
    from arena.kube import Cluster

PAUSE = 2.0
"""Seconds after which to ask the cluster again why jobs wait."""


class Periodic:
    """Explains the same jobs repeatedly, and asks the cluster every `pause` seconds at most."""

    def __init__(self, cluster: Cluster, namespace: str | None, pause: float = PAUSE) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._pause = pause
        self._next = 0.0
        self._told: dict[str, tuple[Job, Job]] = {}
        self._open = False

    def __call__(self, jobs: Sequence[Job]) -> list[Job]:
        """The jobs as `explain.jobs` returns them; an answer is reused until its job changes."""
        jobs = explain.without_cluster(jobs)
        self._open = any(map(explain.is_unclear, jobs))
        if self._open and monotonic() >= self._next:
            told = explain.jobs(self._cluster, self._namespace, jobs)
            before = self._told
            self._told = {one.uid: (one, other) for one, other in zip(jobs, told, strict=True)}
            # What was known still holds for those of which the cluster cannot tell more at present.
            self._told |= {one.uid: before[one.uid] for one in told if one.uid in before and _is_broken(one)}
            self._next = monotonic() + self._pause
        return [self._again(job) for job in jobs]

    def within(self, tick: float | None) -> float | None:
        """Seconds after which to look again, since positions in queues may have changed; None for never."""
        return min(self._pause, tick or self._pause) if self._open else tick

    def _again(self, job: Job) -> Job:
        one, told = self._told.get(job.uid, (job, job))
        same = (one.phase, one.findings) == (job.phase, job.findings)
        if one is told or not same or not explain.is_unclear(job):
            return job
        return replace(job, phase=told.phase, findings=told.findings, queue=told.queue, unread=told.unread)


def _is_broken(job: Job) -> bool:
    """Whether a fault of the cluster hides why the job waits."""
    return any(one.what == "reasons" and not one.forbidden for one in job.unread)
