"""How far running jobs are, by the last lines of their chiefs."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING

from arena import progress_lines, units
from arena.actions import readings
from arena.actions.jobs.instances import main_container
from arena.errors import ArenaError, NotFound
from arena.model.jobs import Job, Phase
from arena.model.partial import Partial
from arena.model.progress import Progress
from arena.parallel import thread_pool
from arena.values import replace

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.model.instances import Instance

LINES = 60
"""Lines at the end of the log that are read: a bar is one, however often it is redrawn."""
PATIENCE = 5.0
"""Seconds to wait for a log, since its node may be gone."""
JOBS = 20
"""Number of jobs of a list whose logs are read, all at the same time."""
LEAST = 0.02
"""The share that must be done before the time left is estimated from the time passed."""


def followed(cluster: Cluster, job: Job, now: datetime) -> Job:
    """The job with its progress, if its chief tells any; that takes one request for a job that runs."""
    chief = _spoken(job)
    if chief is None:
        return job
    try:
        found = progress_lines.read(_last_lines(cluster, chief))
    except NotFound:  # it has printed nothing yet
        return job
    except ArenaError as error:
        return replace(job, unread=(*job.unread, readings.unread("logs", error, "progress is missing")))
    return (
        replace(job, progress=_estimated(found, main_container(chief).started or job.started, now))
        if found
        else job
    )


def several(cluster: Cluster, jobs: Partial[Job], now: datetime) -> Partial[Job]:
    """The jobs, the first of those that run with their progress; what cannot be read is told once."""
    asked = [at for at, job in enumerate(jobs) if _spoken(job)][:JOBS]
    with thread_pool(JOBS) as threads:
        told = dict(zip(asked, threads.map(lambda at: followed(cluster, jobs[at], now), asked), strict=True))
    missing = {one for at, job in told.items() for one in job.unread if one not in jobs[at].unread}
    found = [told.get(at, job) for at, job in enumerate(jobs)]
    return Partial(found, (*jobs.unread, *sorted(missing, key=lambda one: one.why)))


def _spoken(job: Job) -> Instance | None:
    """The instance that tells how far the job is; None if none runs."""
    chief = job.chief or next(iter(job.instances), None)
    return chief if job.phase is Phase.RUNNING and chief and chief.phase == "Running" else None


def _last_lines(cluster: Cluster, chief: Instance) -> list[str]:
    from arena.kube import LogQuery

    container = main_container(chief).name
    query = LogQuery(container=container, tail=LINES, timestamps=True, unfinished=True, silence=PATIENCE)
    with closing(cluster.logs(chief.namespace, chief.name, query)) as lines:
        # After the timestamp comes a space, or a tab before an unfinished line.
        return [line.replace(b"\t", b" ", 1).partition(b" ")[2].decode(errors="replace") for line in lines]


def _estimated(found: Progress, began: datetime | None, now: datetime) -> Progress:
    """The progress with the time that is left, if the program gives none."""
    if found.seconds_left is not None or found.share is None or found.share < LEAST or began is None:
        return found
    passed = units.since(began, now).total_seconds()
    return replace(found, seconds_left=round(passed * (1 - found.share) / found.share))
