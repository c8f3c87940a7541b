"""arena local start: start the local cluster."""

from typing import TYPE_CHECKING

import click

from arena.commands import _console
from arena.commands._globals import Globals, pass_session
from arena.commands.local import _server
from arena.errors import Conflict

if TYPE_CHECKING:
    from arena.session import Session


@click.command("start")
@pass_session
def command(session: "Session") -> None:
    """Start the local cluster if it does not run; with -n, create that namespace if it does not exist.

    \b
    arena local start
    arena local start -n team-a
    """
    server = _server.ensure(session)
    word = "started" if server.fresh else "already runs"
    _console.line(f"local cluster {word} (pid {server.pid}, port {server.port})")
    namespace = click.get_current_context().find_root().ensure_object(Globals).namespace
    if namespace:
        word = "made" if _create(namespace) else "is there"
        _console.line(f"namespace {namespace} {word}")


def _create(namespace: str) -> bool:
    """Create the namespace; return False if it exists already."""
    from arena import resources
    from arena.origin import LOCAL, Choice
    from arena.session import start

    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    try:
        start(Choice(context=LOCAL)).cluster().create(resources.NAMESPACES, None, body)
    except Conflict:
        return False
    return True
