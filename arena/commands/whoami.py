"""arena whoami: who you are to the cluster."""

from typing import TYPE_CHECKING

import click

from arena.commands import _flags
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.session import Session


@click.command("whoami")
@_flags.output_option("json", "yaml", "table", "name", default="json")
@pass_session
def command(session: "Session", form: str) -> None:
    """Show who you are to the cluster, and whether you may do everything there.

    \b
    arena whoami
    arena whoami -o table
    arena whoami --context local -o name
    """
    from arena.actions import identity
    from arena.sdk import clusters
    from arena.views import encode, table

    user = clusters.whoami(session)
    shown = {"Name": user.name, "Id": identity.user_id(user.name), "IsAdminUser": user.admin}
    if form == "name":
        click.echo(user.name)
    elif form == "table":
        more = {"Groups": ", ".join(user.groups) or "N/A", "Cluster": session.name}
        rows = {**shown, "IsAdminUser": str(user.admin).lower(), **more, "Namespace": session.namespace}
        click.echo(table.pairs(rows.items()))
    else:
        click.echo(encode.encode({**shown, "Groups": list(user.groups)}, form))
