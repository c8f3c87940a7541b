"""arena local reset: stop the local cluster and delete everything in it."""

import sys

import click

from arena.commands import _console, _flags
from arena.commands.local._server import mapped
from arena.errors import SpecError


@click.command("reset")
@click.option("-y", "--yes", is_flag=True, help="Skip confirmation.")
def command(yes: bool) -> None:
    """Stop the local cluster, end all processes of its pods, and delete all jobs, logs and volumes.

    \b
    arena local reset -y
    """
    from arena.local import daemon

    if not yes:
        if not sys.stdin.isatty():
            raise SpecError(
                "all jobs of the local cluster would be deleted and there is no terminal to confirm on",
                "add -y",
            )
        with mapped():
            home = daemon.state_dir()
        _flags.agreed(f"Delete all jobs, logs and volumes in {home}?")
    with mapped():
        daemon.reset()
    _console.line("local cluster reset")
