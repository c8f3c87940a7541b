"""Add a trial to a sweep by hand, with values that a user chooses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from arena.actions.submit.submit import Tell, ignore
from arena.actions.sweeps import find
from arena.actions.sweeps.foreground import find as foreground
from arena.errors import Conflict, SpecError, aimed
from arena.model.sweeps import Sweep, Trial
from arena.search import grammar
from arena.search.assignments import Assignments, SearchError, key
from arena.search.space import Space

if TYPE_CHECKING:
    from arena.session import Session


def add(
    session: Session, name: str, values: Mapping[str, Any], *, again: bool = False, tell: Tell = ignore
) -> Trial:
    """Run one more trial of a sweep that runs or has ended, to its end in this process.

    It counts as any other: in a sweep that has not begun all its trials, it is one of these.

    Args:
        name: the sweep, which Katib does not run.
        values: that of each parameter; those with a single value may be missing.
        again: run it although a trial has had these values.
        tell: called with each remark, and when the trial begins and ends.

    Raises:
        NotFound: there is no such sweep.
        Conflict: a trial has had these values, or Katib runs the sweep.
        SpecError: a value is missing, or not in the space.
        ArenaError: as `submit`.
    """
    cluster = session.cluster()
    found = find.found(cluster, name, session.namespace)
    if not found.trials:
        raise Conflict(
            f'sweep "{name}" is run by Katib, whose algorithms fail on a trial that they have not suggested',
            "submit a sweep with --engine foreground, or the job itself: "
            f"arena sweep best {aimed(name, session.namespace)} -o command",
        )
    before = foreground.assembled(found.trials)
    checked = _checked(before, values)
    same = [one for one in before.trials if key(one.assignments) == key(checked)]
    if same and not again:
        raise Conflict(
            f'trial {same[0].number} of sweep "{name}" has these values', "run them again with --again"
        )
    from arena.actions.sweeps.foreground import added

    return added.add(session, found.trials, checked, tell=tell)


def _checked(sweep: Sweep, values: Mapping[str, Any]) -> Assignments:
    """The values with their types; raises SpecError if they are not in the space."""
    try:
        space = Space(parameters=sweep.parameters, constraints=sweep.constraints)
        alone = [one for one in sweep.parameters if one.count() == 1 and not one.condition]
        return space.check({**{one.name: one.first() for one in alone}, **values})
    except SearchError as error:
        known = ", ".join(map(grammar.text_of, sweep.parameters))
        raise SpecError(str(error), f'the parameters of sweep "{sweep.name}" are {known}') from error
