"""The metrics of jobs over time, from what their first instances print."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from arena import curve_lines
from arena.actions import readings
from arena.actions.jobs import find
from arena.actions.jobs.logs import snapshot
from arena.actions.jobs.logs.lines import Options
from arena.errors import ArenaError, SpecError
from arena.model.curves import Curves
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
    """Return the metrics that jobs have printed, in the order of their names.

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
    return Curves(
        name=job.name,
        namespace=job.namespace,
        kind=job.kind,
        metrics=curve_lines.series(read),
        lines=most if len(read) >= most else 0,
        unread=unread,
    )
