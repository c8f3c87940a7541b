"""How far a running job is, by the last lines of its chief."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING

from arena import progress_lines, units
from arena.actions import readings
from arena.actions.jobs.instances import main_container
from arena.errors import ArenaError, NotFound
from arena.model.jobs import Job, Phase
from arena.model.progress import Progress
from arena.values import replace

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.model.instances import Instance

LINES = 60
"""Lines at the end of the log that are read: a bar is one, however often it is redrawn."""
PATIENCE = 5.0
"""Seconds to wait for a log, since its node may be gone."""
LEAST = 0.02
"""The share that must be done before the time left is estimated from the time passed."""


def followed(cluster: Cluster, job: Job, now: datetime) -> Job:
    """The job with its progress, if its chief tells any; that takes one request for a job that runs."""
    chief = job.chief or next(iter(job.instances), None)
    if job.phase is not Phase.RUNNING or chief is None or chief.phase != "Running":
        return job
    try:
        found = progress_lines.read(_last_lines(cluster, chief))
    except NotFound:  # it has printed nothing yet
        return job
    except ArenaError as error:
        return replace(job, unread=(*job.unread, readings.unread("logs", error, "progress is missing")))
    return replace(job, progress=_estimated(found, main_container(chief).started, now)) if found else job


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
