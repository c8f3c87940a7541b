"""arena exec: run a command in an instance of a job."""

import sys
from typing import TYPE_CHECKING

import click

from arena.commands import _flags
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("exec", context_settings={"ignore_unknown_options": False})
@_flags.job_argument()
@click.argument("words", metavar="[--] COMMAND...", nargs=-1, required=True, type=click.UNPROCESSED)
@_flags.kind_option
@_flags.instance_option
@_flags.container_option
@click.option("--stdin", "-s", is_flag=True, help="Send what is piped or typed here, without a terminal.")
@click.option("--tty/--no-tty", "tty", default=None, help="Use a terminal; decided by this one otherwise.")
@pass_session
def command(  # noqa: PLR0913 - one parameter a flag
    session: "Session",
    name: str,
    words: tuple[str, ...],
    kind: "Kind | None",
    instance: str,
    container: str,
    stdin: bool,
    tty: bool | None,
) -> int:
    """Run a command in an instance (the chief unless -i names one) and exit with its code.

    \b
    arena exec bert -- nvidia-smi
    arena exec bert -i worker-1 -- ls -l /data
    arena exec bert -- bash
    tar c src | arena exec bert -s -- tar x
    """
    from arena.actions import instances
    from arena.commands._terminal import join

    cluster = session.cluster()
    _, one = instances.running(cluster, name, session.namespace, instance, kind)
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    wants_tty = terminal if tty is None else tty
    opened = instances.execute(
        cluster,
        one,
        words,
        container=instances.container(one, container),
        stdin=stdin or wants_tty,
        tty=wants_tty,
    )
    with opened:
        return join(opened, stdin=stdin or wants_tty, tty=wants_tty)
