"""arena sweep pause: start no more trials."""

from typing import TYPE_CHECKING

import click

from arena.commands import _family
from arena.commands._globals import pass_session
from arena.commands.sweep._family import SWEEPS
from arena.commands.sweep._switch import switch

if TYPE_CHECKING:
    from arena.session import Session


@click.command("pause")
@_family.names_argument(SWEEPS, required=True)
@pass_session
def command(session: "Session", names: tuple[str, ...]) -> int:
    """Start no more trials of sweeps; running ones go on.

    On other clusters than the local one, only sweeps submitted with --resumable can be paused.

    \b
    arena sweep pause digits
    """
    from arena.actions.sweeps import change

    return switch(session, names, change.pause, done="paused", unchanged="is already paused")
