"""arena cron resume: start runs of suspended crons again."""

from typing import TYPE_CHECKING

import click

from arena.commands import _family
from arena.commands._globals import pass_session
from arena.commands.cron._family import CRONS
from arena.commands.cron._switch import switch

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("resume")
@_family.names_argument(CRONS, required=True)
@_family.kind_option(CRONS)
@pass_session
def command(session: "Session", names: tuple[str, ...], kind: "Kind | None") -> int:
    """Start runs again; a run that became due meanwhile may start at once.

    \b
    arena cron resume nightly
    """
    from arena.actions.jobs.crons import resume_cron

    return switch(session, names, kind, resume_cron, verb="resume", unchanged="is not suspended")
