"""The metrics of jobs over time: from what their first instances print, and from event files here."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from arena import curve_lines, kinds, labels
from arena.actions import readings
from arena.actions.jobs import event_metrics, find, rerun
from arena.actions.jobs.logs import snapshot
from arena.actions.jobs.logs.lines import Options
from arena.errors import ArenaError, SpecError
from arena.model.curves import Curves, Point
from arena.parallel import thread_pool

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.model.jobs import Job
    from arena.session import Session

JOBS, LINES = 12, 20_000
"""Number of jobs at once, and of lines that are read from the end of each log."""


def metrics(
    session: Session, *names: str, kind: Kind | str | None = None, lines: int = LINES
) -> Sequence[Curves]:
    """Return the metrics that jobs have reported, in the order of their names.

    On the local cluster, event files below the `--logdir` of a job with TensorBoard count, too; what they
    hold under the same name replaces what was printed.

    Args:
        lines: only so many lines at the end of each job's output are read.

    Raises:
        NotFound: there is no job with one of the names.
        SpecError: as `job`, or there are more than 12 names.
    """
    if len(names) > JOBS:
        raise SpecError(f"{len(names)} jobs are too many", f"name at most {JOBS}")
    session.cluster()
    jobs = [find.job(session, name, kind=kind) for name in dict.fromkeys(names)]
    with thread_pool() as threads:
        return list(threads.map(partial(_curves, session, lines), jobs))


def _curves(session: Session, most: int, job: Job) -> Curves:
    unread = job.unread
    read: list[tuple[bytes, bytes]] = []
    first = job.chief or next(iter(job.instances), None)
    try:
        if first is not None:
            options = Options(instance=first.name, tail=most)
            for block in snapshot.read(session.cluster(), job, options):
                read += zip(block.stamps, block.lines, strict=True)
    except ArenaError as error:
        unread = (*unread, readings.unread("logs", error, f"metrics of {job.name} are missing"))
    printed = curve_lines.series(read)
    written = _written(session, job) if session.is_local else {}
    return Curves(
        name=job.name,
        namespace=job.namespace,
        kind=job.kind,
        metrics={**written, **printed, **written},
        lines=most if len(read) >= most else 0,
        unread=unread,
    )


def _written(session: Session, job: Job) -> Mapping[str, Sequence[Point]]:
    """What the event files of a job on this machine hold; a relative `--logdir` is below where it began."""
    path = event_metrics.logdir(job)
    if path and not os.path.isabs(path):
        try:
            _, _, obj = find.find(session.cluster(), job.name, job.namespace, kinds.named(job.kind))
        except ArenaError:  # it was deleted meanwhile
            return {}
        folder = rerun.surroundings(obj).get(labels.LOCAL_CWD, "")
        path = os.path.join(folder, path) if folder else ""
    return event_metrics.read(job, path) if path else {}
