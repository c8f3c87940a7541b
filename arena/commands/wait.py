"""arena wait: wait until jobs have ended or reached a state."""

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from arena.commands import _bulk, _complete, _console, _flags
from arena.commands._globals import pass_session, patience_option

if TYPE_CHECKING:
    from arena.actions.jobs.wait import Waited
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("wait")
@_flags.job_argument(many=True)
@_flags.kind_option
@click.option(
    "--for", "goal", default=None, metavar="GOAL", shell_complete=_complete.goals,
    help="State to wait for: phase=PHASE, condition=TYPE, condition=TYPE=False or deleted.  "
    "[default: their end]",
)  # fmt: skip
@click.option("--timeout", default=None, metavar="TIME", callback=_flags.duration,
              help="Give up after this time, such as 90s or 2h.")  # fmt: skip
@patience_option
@pass_session
def command(
    session: "Session", names: tuple[str, ...], kind: "Kind | None", goal: str | None, timeout: int | None
) -> int:
    """Wait until jobs have ended; exit 0 if all succeeded, 7 if one failed, 6 on timeout.

    With --for, wait until all jobs have reached that state. If a job ends without reaching it, exit with 7 if
    the job failed, else with 1. A job that has succeeded also satisfies phase=RUNNING.

    \b
    arena wait bert
    arena wait bert gpt --timeout 2h && arena get bert
    arena wait bert --for phase=RUNNING
    arena wait bert --for deleted --timeout 1m
    """
    from arena.actions.jobs import wait
    from arena.commands._wait_progress import watch

    until = replace(wait.goal(goal) if goal is not None else wait.END, within=timeout)
    targets = [name for name, _ in _bulk.named(names, kind)]
    ended = watch(session, targets, kind, until)
    for name in targets:
        if name not in [one.job.name for one in ended]:
            _console.remark(f'there is no job "{name}" in namespace "{session.namespace}"')

    def tell(one: "Waited") -> None:
        job = wait.judged(session, one, until)
        _console.line(f"{job.kind} {job.name} {'deleted' if until.gone else job.phase.value}")
        _console.remedy(job)

    return _bulk.each(ended, tell)
