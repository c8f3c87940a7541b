"""Import jobs that have ended into a sweep, so that its search learns from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from arena.actions.sweeps import find
from arena.errors import Conflict, SpecError
from arena.kinds.sweeps import imports
from arena.model.sweeps import Trial

if TYPE_CHECKING:
    from arena.session import Session


def import_jobs(
    session: Session, name: str, jobs: Sequence[str], values: Mapping[str, str] | None = None
) -> tuple[Trial, ...]:
    """Let the search of a sweep learn from jobs that have succeeded, as from trials; all of them, or none.

    The jobs stay as they are, and count for no limit of the sweep.

    Args:
        name: the sweep, which Katib does not run.
        jobs: their names.
        values: of parameters that the options of the jobs do not tell.

    Raises:
        NotFound: there is no such sweep or job.
        Conflict: a job has not ended, or Katib runs the sweep.
        SpecError: the values of a job are unknown or not in the space, or it reported no metric.
    """
    found = find.found(session.cluster(), name, session.namespace)
    if not found.trials:
        raise Conflict(
            f'sweep "{name}" is run by Katib, which knows only trials that it has run itself',
            "submit a sweep with --import JOB, which arena then runs itself",
        )
    from arena.actions.sweeps.foreground import imports as reading
    from arena.actions.sweeps.foreground import start

    sweep = start.recorded(session, found.trials)
    own = {one.job.name for one in found.trials}
    for job in jobs:
        if job in own:
            raise SpecError(f'job "{job}" is a trial of sweep "{name}" already', "name other jobs")
    like = reading.Like(sweep.request.kind, sweep.search.job, sweep.spec)
    made = reading.jobs(session, like, jobs, values)
    reading.tell(session, found.trials, made)
    return imports.trials(made, session.namespace, sweep.request.kind.name)
