"""Waiting for jobs with a sign of life on stderr: for `wait`, `submit --wait` and `logs -f`."""

from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING

from arena.commands._live import Live

if TYPE_CHECKING:
    from arena.actions.goals import Goal, Waited
    from arena.kinds.kind import Kind
    from arena.model import Job
    from arena.session import Session


def watch(
    session: "Session",
    names: Sequence[str],
    kind: "Kind | None",
    until: "Goal | None" = None,
) -> "list[Waited]":
    """Wait until jobs have ended, or come as far as `until`, showing how they stand meanwhile.

    Raises:
        TimedOut, NotFound: as their names say.
    """
    from arena.actions import goals
    from arena.views.jobs import ready

    start = monotonic()
    with Live() as live:

        def progress(jobs: "Sequence[Job]") -> None:
            key = tuple((job.phase, job.reason, ready(job)) for job in jobs)
            live.show(_line(jobs, monotonic() - start), key)

        return goals.wait(
            session.cluster(),
            names,
            session.namespace,
            kind=kind,
            until=until or goals.END,
            progress=progress,
        )


def _line(jobs: "Sequence[Job]", seconds: float) -> str:
    from arena.views.jobs import summary

    if len(jobs) == 1:
        return summary(jobs[0], seconds)
    return "  ".join([f"{int(seconds)}s", *(f"{job.name}: {job.phase.value}" for job in jobs)])
