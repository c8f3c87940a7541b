"""arena cron suspend: start no more runs of crons."""

from typing import TYPE_CHECKING

import click

from arena.commands import _family
from arena.commands._globals import pass_session
from arena.commands.cron._family import CRONS
from arena.commands.cron._switch import switch

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("suspend")
@_family.names_argument(CRONS, required=True)
@_family.kind_option(CRONS)
@pass_session
def command(session: "Session", names: tuple[str, ...], kind: "Kind | None") -> int:
    """Start no more runs; active runs continue.

    \b
    arena cron suspend nightly
    """
    from arena.actions.jobs.crons import suspend_cron

    return switch(session, names, kind, suspend_cron, verb="suspend", unchanged="is already suspended")
