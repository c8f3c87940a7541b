"""Add a trial by hand to a sweep without Katib, while its process may begin others.

The name of a job is what keeps trials apart: whoever creates it first has the number. A process that finds
the number taken goes on with that trial as with its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from arena.actions.submit import send
from arena.actions.submit.submit import Tell
from arena.actions.sweeps.foreground import find, start
from arena.actions.sweeps.foreground.begun import Begun
from arena.actions.sweeps.foreground.find import There
from arena.actions.sweeps.foreground.runner import Runner
from arena.actions.sweeps.foreground.trials import Sweep, Trials
from arena.errors import Conflict, NotFound
from arena.kinds.sweeps import trial_jobs
from arena.model.sweeps import Trial
from arena.search.assignments import Assignments
from arena.search.samplers import Proposal

if TYPE_CHECKING:
    from arena.session import Session

TRIES = 100
"""How many numbers others may take one after the other."""


def add(session: Session, there: Sequence[There], values: Assignments, *, tell: Tell) -> Trial:
    """Run a trial to its end in this process, which records it; the trial goes on if the process ends.

    Args:
        there: all trials of the sweep.
        values: those of the trial, which are in the space.
        tell: called with each remark, and when the trial begins and ends.

    Raises:
        Conflict: another job has its name.
        ArenaError: as `submit`.
    """
    sweep = start.recorded(session, there)
    trials = Trials(session, sweep, tell)
    tell(f"using {session.describe()}")
    number, new = _created(session, sweep, trials, max(one.mark.number for one in there), values)
    now = _with_room(session, sweep.name)
    begun = [Begun(one.resource, one.job, one.mark) for one in now if one.mark.number != number]
    names = [one.metric for one in sweep.spec.goals]
    tell(start.described(new.trial(), names))
    runner = Runner(session, sweep, trials, lambda trial: tell(start.described(trial, names)), [*begun, new])
    try:
        return runner.finish(number)
    except KeyboardInterrupt:
        tell(f"trial {number} goes on; the process of the sweep records its result, if there is one")
        raise


def _created(
    session: Session, sweep: Sweep, trials: Trials, last: int, values: Assignments
) -> tuple[int, Begun]:
    """The number of a new trial and the trial itself, created as a whole or not at all."""
    cluster, kind = session.cluster(), sweep.request.kind
    for number in range(last + 1, last + TRIES):
        made = trials.plan(number, Proposal(dict(values)))
        try:
            with send.sent(cluster, made) as obj:
                trials.keep_board(made.resource, obj)
                return number, Begun(made.resource, kind.read(obj, []), trial_jobs.mark_of(obj))
        except Conflict:
            try:
                taken = cluster.get(made.resource, made.namespace, made.name)
            except NotFound:  # it was deleted at once
                continue
            if trial_jobs.sweep_of(taken) != sweep.name:
                raise
    raise Conflict(f'sweep "{sweep.name}" begins trials too fast to add one', "try again")


def _with_room(session: Session, name: str) -> list[There]:
    """The trials of a sweep, which may have one more if it had begun all."""
    cluster = session.cluster()
    while True:
        there = find.trials(cluster, name, session.namespace)
        first = find.first(there)
        if not 0 < first.mark.search.spec.max_trials < len(there):
            return there
        body = trial_jobs.enlarged(first.mark, len(there))
        body["metadata"]["resourceVersion"] = first.obj["metadata"]["resourceVersion"]
        with suppress(Conflict, NotFound):  # others change it at the same time
            cluster.patch(first.resource, first.job.namespace, first.job.name, body)
            return there
