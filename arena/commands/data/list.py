"""arena data list (ls): list volume claims."""

from typing import TYPE_CHECKING

import click

from arena.commands import _flags, _show
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.session import Session


@click.command("list")
@_flags.everywhere_option
@click.option("--unbound", is_flag=True, help="Include claims that have no volume yet.")
@_flags.output_option()
@pass_session
def command(session: "Session", everywhere: bool, unbound: bool, form: str) -> None:
    """List volume claims; `-o wide` adds their sizes and classes.

    \b
    arena data list
    arena data list -A -o wide
    """
    from arena.actions import volumes
    from arena.views.volumes import VOLUMES

    found = volumes.volumes(session.cluster(), None if everywhere else session.namespace, unbound=unbound)
    _show.show(session, VOLUMES, found, form, everywhere=everywhere)
