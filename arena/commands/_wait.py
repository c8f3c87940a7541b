"""Waiting for a job with a sign of life on stderr: for `wait`, `submit --wait` and `logs -f`."""

from time import monotonic
from typing import TYPE_CHECKING

from arena.commands._live import Live

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.model import Job
    from arena.session import Session


def watch(session: "Session", name: str, kind: "Kind | None", timeout: float | None = None) -> "Job":
    """Wait until the job has ended and return it, showing how it stands meanwhile.

    Raises:
        JobFailed, TimedOut, NotFound: as their names say.
    """
    from arena.actions import training
    from arena.views.jobs import ready, summary

    start = monotonic()
    with Live() as live:

        def progress(job: "Job") -> None:
            live.show(summary(job, monotonic() - start), (job.phase, job.reason, ready(job)))

        ended = training.wait(
            session.cluster(), name, session.namespace, kind=kind, timeout=timeout, progress=progress
        )
    return training.succeeded(ended)
