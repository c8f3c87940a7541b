"""Stop, pause and extend sweeps without Katib; their process sees on the first trial what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from arena import kinds
from arena.actions.jobs import change
from arena.actions.sweeps.foreground import find
from arena.actions.sweeps.foreground.find import There
from arena.errors import Conflict
from arena.kinds.sweeps import trial_jobs
from arena.kinds.sweeps.trial_jobs import PAUSED, SPENT, STOPPED, TIMED_OUT, Result
from arena.model.jobs import Phase
from arena.model.sweeps import Sweep

if TYPE_CHECKING:
    from arena.session import Session


def stop(session: Session, there: Sequence[There]) -> Sweep:
    """End a sweep and its running trials, whose jobs are suspended."""
    _record(session, there, trial_jobs.note_of_end(STOPPED, session.now()))
    for one in there:
        if one.mark.result is None and not one.job.phase.is_final:
            _suspend(session, one)
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


def _suspend(session: Session, one: There) -> None:
    kind = kinds.of_name(one.job.kind)
    result = Result(state="stopped", reason="it was stopped")
    _patch(session, one, trial_jobs.note(result))
    if kind is not None and kind.suspend is not None:
        change.send(
            change.Changing(session.cluster(), kind, one.resource, one.obj),
            kind.suspend(one.obj, True),
            "suspend jobs",
        )


def _record(session: Session, there: Sequence[There], body: object) -> None:
    _patch(session, find.first(there), body)


def _patch(session: Session, one: There, body: object) -> None:
    assert isinstance(body, dict)
    session.cluster().patch(one.resource, one.job.namespace, one.job.name, body)


def _read(session: Session, there: Sequence[There]) -> Sweep:
    return find.sweep(session, trial_jobs.sweep_of(there[0].obj))
