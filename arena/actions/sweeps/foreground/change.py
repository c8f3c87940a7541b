"""Stop, pause and extend sweeps without Katib; their process sees on the first trial what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from arena import kinds
from arena.actions.sweeps.foreground import find, stopping
from arena.actions.sweeps.foreground.find import There
from arena.errors import Conflict, MissingOperator
from arena.kinds.sweeps import trial_jobs
from arena.kinds.sweeps.trial_jobs import PAUSED, SPENT, STOPPED, TIMED_OUT, Result
from arena.model.jobs import Phase
from arena.model.sweeps import Sweep

if TYPE_CHECKING:
    from arena.session import Session


def stop(session: Session, there: Sequence[There], unchanged: Callable[[Sweep], None]) -> Sweep:
    """End a sweep and its running trials, whose jobs are suspended.

    Args:
        unchanged: called with the sweep if it has already ended, and all its trials, too.

    Raises:
        MissingOperator: the cluster cannot end them.
    """
    before = find.assembled(there)
    running = [one for one in there if one.is_active]
    if before.phase.is_final and not running:
        unchanged(before)
        return before
    if not before.phase.is_final:
        _record(session, there, trial_jobs.note_of_end(STOPPED, session.now()))
    lost: list[str] = []
    for one in running:
        kind = kinds.of_name(one.job.kind)
        assert kind, "the job was read by it"
        result = one.mark.result or Result(state="stopped", reason=STOPPED)
        stopping.stop(session.cluster(), kind, one.resource, one.obj, result, lost.append)
    if lost:
        raise MissingOperator("; ".join(lost).removeprefix("Warning: "), "arena sweep delete ends them")
    return _read(session, there)


def pause(session: Session, there: Sequence[There], unchanged: Callable[[Sweep], None]) -> Sweep:
    """Begin no more trials of a sweep; running ones go on.

    Args:
        unchanged: called with the sweep if it is already paused.

    Raises:
        Conflict: it has ended.
    """
    before = find.assembled(there)
    if before.phase.is_final:
        raise Conflict(f'sweep "{before.name}" has {before.phase.value.lower()}: {before.reason}')
    if find.first(there).mark.end.get("reason") == PAUSED:
        unchanged(before)
        return before
    _record(session, there, trial_jobs.note_of_end(PAUSED, session.now()))
    return _read(session, there)


def extend(session: Session, there: Sequence[There], max_trials: int) -> Sweep:
    """Let a sweep run more trials once it is resumed.

    Raises:
        Conflict: it has ended otherwise than by the number of its trials.
    """
    before = find.assembled(there)
    if before.phase is Phase.FAILED or before.reason in (STOPPED, TIMED_OUT, SPENT):
        raise Conflict(f'sweep "{before.name}" cannot be extended: {before.reason}', "submit another one")
    _record(session, there, trial_jobs.extended(find.first(there).mark, max_trials, session.now()))
    return _read(session, there)


def _record(session: Session, there: Sequence[There], body: dict[str, Any]) -> None:
    one = find.first(there)
    session.cluster().patch(one.resource, one.job.namespace, one.job.name, body)


def _read(session: Session, there: Sequence[There]) -> Sweep:
    return find.sweep(session, trial_jobs.sweep_of(there[0].obj))
