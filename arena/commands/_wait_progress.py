"""Wait for jobs and show progress on stderr: for `wait`, `submit --wait` and `logs -f`."""

from collections.abc import Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING

from arena.commands import _console
from arena.commands._progress import Live

if TYPE_CHECKING:
    from arena.actions.jobs.wait import Goal, Waited
    from arena.kinds.kind import Kind
    from arena.model.jobs import Job
    from arena.model.partial import Unread
    from arena.session import Session


def watch(
    session: "Session",
    names: Sequence[str],
    kind: "Kind | None",
    until: "Goal | None" = None,
    note: "Callable[[Job], None]" = lambda job: None,
) -> "list[Waited]":
    """Wait until jobs have ended or have reached `until`, and show their states meanwhile.

    Args:
        note: called with each job whenever it changes.

    Raises:
        TimedOut: `until` was not reached in time. NotFound: a job does not exist.
    """
    from arena.actions.jobs import wait
    from arena.views.jobs import ready

    start = monotonic()
    told: set[Unread] = set()
    with Live() as live:

        def progress(jobs: "Sequence[Job]") -> None:
            key = tuple((job.phase, job.reason, ready(job)) for job in jobs)
            live.show(_line(jobs, monotonic() - start), key)
            for job in jobs:
                note(job)
                if unread := [one for one in job.unread if one not in told]:
                    live.clear()
                    _console.missing(unread)
                    told.update(unread)

        return wait.wait_all(session, names, kind=kind, until=until or wait.END, progress=progress)


def _line(jobs: "Sequence[Job]", seconds: float) -> str:
    from arena.views.jobs import summary

    if len(jobs) == 1:
        return summary(jobs[0], seconds) + _rest(jobs[0])
    return "  ".join([f"{int(seconds)}s", *(f"{job.name}: {job.phase.value}{_rest(job)}" for job in jobs)])


def _rest(job: "Job") -> str:
    """The instances that outlive the job, and how long to wait for them."""
    from arena.actions.jobs import lingering

    if not lingering.late(job):
        return ""
    return f"; waiting up to {lingering.patience(job):.0f}s for {lingering.names(job)} to end"
