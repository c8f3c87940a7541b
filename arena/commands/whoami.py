"""arena whoami: show your identity on the cluster."""

from typing import TYPE_CHECKING

import click

from arena.commands import _console, _flags
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.session import Session


@click.command("whoami")
@_flags.output_option("json", "yaml", "table", "name", default="json")
@pass_session
def command(session: "Session", form: str) -> None:
    """Show your identity on the cluster, and whether you are an administrator.

    \b
    arena whoami
    arena whoami -o table
    arena whoami --context local -o name
    """
    from arena.actions import identity
    from arena.views import encode, table

    user = identity.whoami(session)
    if not (user.reported or session.is_local):
        place = "the kubeconfig" if identity.login(session) else "your login on this machine"
        _console.remark(f"{session.name} does not report who you are; the name is that of {place}")
    _console.missing(user.unread)
    shown = {"Name": user.name, "Id": identity.user_id(user.name), "IsAdminUser": user.admin}
    if form == "name":
        _console.line(user.name)
    elif form == "table":
        more = {"Groups": ", ".join(user.groups) or "N/A", "Cluster": session.name}
        rows = {**shown, "IsAdminUser": str(user.admin).lower(), **more, "Namespace": session.namespace}
        _console.page(table.pairs(rows.items()))
    else:
        _console.page(encode.encode({**shown, "Groups": list(user.groups)}, form))
