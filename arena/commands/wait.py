"""arena wait: wait until jobs have ended, or come as far as they are waited for."""

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from arena.commands import _complete, _each, _flags
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.actions.goals import Waited
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("wait")
@_flags.job_argument(many=True)
@_flags.kind_option
@click.option(
    "--for", "goal", default=None, metavar="GOAL", shell_complete=_complete.goals,
    help="phase=PHASE such as phase=RUNNING, condition=TYPE, condition=TYPE=False, or deleted; "
    "their end otherwise.",
)  # fmt: skip
@click.option("--timeout", default=None, metavar="TIME", callback=_flags.duration,
              help="Give up after this time, such as 90s or 2h.")  # fmt: skip
@pass_session
def command(
    session: "Session", names: tuple[str, ...], kind: "Kind | None", goal: str | None, timeout: int | None
) -> int:
    """Wait until jobs have ended; exit 0 where all succeeded, 7 where one failed, 6 on timeout.

    With --for, until all are as far as that; a job that ends otherwise is not waited for any longer,
    and the exit code is 7 where it failed, else 1. Who waits for RUNNING is content with SUCCEEDED.

    \b
    arena wait bert
    arena wait bert gpt --timeout 2h && arena get bert
    arena wait bert --for phase=RUNNING
    arena wait bert --for deleted --timeout 1m
    """
    from arena.actions import goals
    from arena.commands._wait import watch

    until = replace(goals.goal(goal) if goal is not None else goals.END, within=timeout)
    targets = [name for name, _ in _each.named(names, kind)]
    ended = watch(session, targets, kind, until)
    for name in targets:
        if name not in [one.job.name for one in ended]:
            click.echo(f'there is no job "{name}" in namespace "{session.namespace}"', err=True)

    def tell(one: "Waited") -> None:
        job = goals.judged(one, until)
        click.echo(f"{job.kind} {job.name} {'deleted' if until.gone else job.phase.value}")

    return _each.each(ended, tell)
