"""arena attach: a shell in an instance of a job, or its main program."""

import sys
from typing import TYPE_CHECKING

import click

from arena.commands import _flags
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("attach")
@_flags.job_argument()
@click.argument("words", metavar="[--] [COMMAND...]", nargs=-1, type=click.UNPROCESSED)
@_flags.kind_option
@_flags.instance_option
@_flags.container_option
@click.option("--main", is_flag=True, help="Join the main program instead of starting a shell.")
@pass_session
def command(  # noqa: PLR0913 - one parameter a flag
    session: "Session",
    name: str,
    words: tuple[str, ...],
    kind: "Kind | None",
    instance: str,
    container: str,
    main: bool,
) -> int:
    """Open a shell in an instance (the chief unless -i names one); exit with its code.

    Commands can be piped in where there is no terminal.

    \b
    arena attach bert
    arena attach bert -i worker-0 -- bash
    echo 'ls; exit 3' | arena attach bert
    arena attach bert --main
    """
    from arena.actions import instances
    from arena.commands._terminal import join

    cluster = session.cluster()
    _, one = instances.running(cluster, name, session.namespace, instance, kind)
    chosen = instances.container(one, container)
    tty = sys.stdin.isatty() and sys.stdout.isatty()
    if main:
        with instances.attach(cluster, one, container=chosen, stdin=False, tty=False) as opened:
            return join(opened, stdin=False, tty=False)
    click.echo(f"Hello! Arena attach the container {chosen} of instance {one.name}", err=True)
    shell = words or ("sh",)
    with instances.execute(cluster, one, shell, container=chosen, stdin=True, tty=tty) as opened:
        return join(opened, stdin=True, tty=tty)
