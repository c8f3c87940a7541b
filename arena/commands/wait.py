"""arena wait: wait until a job has ended."""

from typing import TYPE_CHECKING

import click

from arena.commands import _flags
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("wait")
@_flags.job_argument()
@_flags.kind_option
@click.option("--timeout", default=None, metavar="TIME", help="Give up after this time, such as 90s or 2h.")
@pass_session
def command(session: "Session", name: str, kind: "Kind | None", timeout: str | None) -> None:
    """Wait until a job has ended; exit 0 where it succeeded, 7 where it failed, 6 on timeout.

    \b
    arena wait bert
    arena wait bert --timeout 2h && arena get bert
    """
    from arena import units
    from arena.commands._wait import watch

    seconds = units.duration(timeout) if timeout else None
    job = watch(session, name, kind, seconds)
    click.echo(f"{job.kind} {job.name} {job.phase.value}")
