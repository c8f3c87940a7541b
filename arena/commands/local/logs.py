"""arena local logs: show the log of the local cluster's server."""

import os

import click

from arena.commands import _console
from arena.commands.local._server import mapped


@click.command("logs")
@click.option("-f", "--follow", is_flag=True, help="Keep showing new lines until Ctrl-C.")
@click.option(
    "-t",
    "--tail",
    type=click.IntRange(min=0),
    default=100,
    show_default=True,
    metavar="N",
    help="Show the last N lines.",
)
def command(follow: bool, tail: int) -> None:
    """Show the log of the server.

    \b
    arena local logs
    arena local logs -f
    """
    from collections import deque
    from threading import Event

    from arena.local import daemon

    with mapped():
        path = os.path.join(daemon.state_dir(), "server.log")
    if not os.path.exists(path):
        _console.remark("the local cluster has never run")
        return
    with open(path, encoding="utf-8", errors="replace") as file:
        _console.page("".join(deque(file, maxlen=tail)), nl=False)
        while follow:
            if text := file.read():
                _console.page(text, nl=False)
            Event().wait(0.2)
