"""arena sweep stop: end sweeps and keep their results."""

from typing import TYPE_CHECKING

import click

from arena.commands import _family
from arena.commands._globals import pass_session
from arena.commands.sweep._family import SWEEPS
from arena.commands.sweep._switch import switch

if TYPE_CHECKING:
    from arena.session import Session


@click.command("stop")
@_family.names_argument(SWEEPS, required=True)
@pass_session
def command(session: "Session", names: tuple[str, ...]) -> int:
    """End sweeps and their running trials; all trials and their results are kept.

    \b
    arena sweep stop digits
    """
    from arena.actions.sweeps import change

    return switch(session, names, change.stop, done="stopped", unchanged="has already ended")
