"""arena sweep resume: start trials of paused sweeps again."""

from functools import partial
from typing import TYPE_CHECKING

import click

from arena.commands import _console, _family
from arena.commands._globals import pass_session
from arena.commands.sweep._family import SWEEPS
from arena.commands.sweep._switch import switch

if TYPE_CHECKING:
    from arena.session import Session


@click.command("resume")
@_family.names_argument(SWEEPS, required=True)
@pass_session
def command(session: "Session", names: tuple[str, ...]) -> int:
    """Start trials of paused sweeps again.

    A sweep without Katib, whose command was interrupted, is run to its end by this command.

    \b
    arena sweep resume digits
    """
    from arena.actions.sweeps import change

    resume = partial(change.resume, tell=_console.remark)
    return switch(session, names, resume, done="resumed", unchanged="is not paused")
