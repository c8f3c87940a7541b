"""arena sweep why: explain why a sweep or a trial waits or fails."""

from typing import TYPE_CHECKING

import click

from arena.commands import _console, _family
from arena.commands._globals import pass_session
from arena.commands.sweep._family import SWEEPS, trial_argument

if TYPE_CHECKING:
    from arena.session import Session


@click.command("why")
@_family.name_argument(SWEEPS)
@trial_argument("")
@pass_session
def command(session: "Session", name: str, trial: str) -> None:
    """Explain why a sweep and its trials wait or fail; or explain one trial.

    \b
    arena sweep why digits
    arena sweep why digits 7
    """
    from arena.actions.sweeps import why
    from arena.views import sweep_reasons

    _console.page(sweep_reasons.reasons(why.why(session, name, trial)))
