"""arena local stop: stop the local cluster."""

import click

from arena.commands import _console
from arena.commands.local._server import mapped


@click.command("stop")
@click.option("--pods", is_flag=True, help="End the processes of pods, too.")
def command(pods: bool) -> None:
    """Stop the server. Pods continue, and the next start finds them again, unless --pods ends them.

    \b
    arena local stop
    arena local stop --pods
    """
    from arena.local import daemon

    with mapped():
        stopped = daemon.stop(pods)
    _console.line("local cluster stopped" if stopped else "local cluster does not run")
