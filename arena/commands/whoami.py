"""arena whoami: show your identity on the cluster."""

from typing import TYPE_CHECKING

import click

from arena.commands import _console, _flags, _show
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.session import Session


@click.command("whoami")
@click.option("--can-i", "abilities", is_flag=True, help="List the commands, and what you lack for each.")
@_flags.output_option("json", "yaml", "table", "name", default=None)
@pass_session
def command(session: "Session", abilities: bool, form: str | None) -> None:
    """Show your identity on the cluster, and whether you are an administrator.

    With --can-i, list the commands that you may use in the namespace, and the permissions that are missing
    for the others, or for a part of what they show. The format is JSON by default, with --can-i a table;
    -o name prints the commands that you may use.

    \b
    arena whoami
    arena whoami -o table
    arena whoami --context local -o name
    arena -n team-a whoami --can-i
    arena whoami --can-i -o json
    """
    if abilities:
        _show_abilities(session, form or "table")
    else:
        _show_identity(session, form or "json")


def _show_abilities(session: "Session", form: str) -> None:
    from arena.actions import abilities
    from arena.views.abilities import ABILITIES

    found = abilities.abilities(session)
    shown = [one for one in found if one.allowed] if form == "name" else found
    _show.show(session, ABILITIES, shown, form)


def _show_identity(session: "Session", form: str) -> None:
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
