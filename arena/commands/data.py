"""arena data: the volumes that jobs can mount."""

from typing import TYPE_CHECKING

import click

from arena.commands import _flags
from arena.commands._aliases import Aliased
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.session import Session


@click.group("data", cls=Aliased)
def command() -> None:
    """Show the volumes that jobs can mount with --data."""


@command.command("list")
@_flags.everywhere_option
@click.option("--unbound", is_flag=True, help="Those too that have no volume yet.")
@_flags.output_option()
@pass_session
def show(session: "Session", everywhere: bool, unbound: bool, form: str) -> None:
    """List volume claims; `-o wide` adds their sizes and classes.

    \b
    arena data list
    arena data list -A -o wide
    """
    from arena.actions import volumes as actions
    from arena.views import encode, table, volumes

    found = actions.volumes(session.cluster(), None if everywhere else session.namespace, unbound=unbound)
    if form in ("json", "yaml"):
        click.echo(encode.encode([volumes.data(one) for one in found], form))
    elif not found:
        where = "any namespace" if everywhere else f'namespace "{session.namespace}"'
        click.echo(f"no volume claims in {where} of {session.name}", err=True)
    elif form == "name":
        click.echo("\n".join(one.name for one in found))
    else:
        view = volumes.columns(everywhere=everywhere)
        click.echo(table.render(view, found, session.now(), wide=form == "wide"))
