"""arena local kubeconfig: print the kubeconfig of the local cluster."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from arena.commands import _console
from arena.commands._globals import pass_session
from arena.commands.local import _server

if TYPE_CHECKING:
    from arena.session import Session


@click.command("kubeconfig")
@click.option("--path", is_flag=True, help="Print the path of the file instead of its content.")
@pass_session
def command(session: "Session", path: bool) -> None:
    """Print the kubeconfig of the local cluster, for kubectl and other tools.

    \b
    export KUBECONFIG=$(arena local kubeconfig --path)
    kubectl get pods
    """
    from arena.local import daemon

    _server.ensure(session)
    with _server.mapped():
        file = daemon.kubeconfig()
    _console.page(file if path else Path(file).read_text(encoding="utf-8"), nl=path)
