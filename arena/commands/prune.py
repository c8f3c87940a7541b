"""arena prune: delete old jobs."""

import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from arena.commands import _bulk, _console, _flags, _show
from arena.commands._globals import pass_session
from arena.errors import SpecError

if TYPE_CHECKING:
    from arena.actions.deletion import Removal
    from arena.actions.jobs.prune import Old
    from arena.model.jobs import Job
    from arena.session import Session


@click.command("prune")
@click.option(
    "-s",
    "--since",
    default=None,
    metavar="TIME",
    callback=_flags.duration,
    help="Minimum time since the end of a job, such as 1d or 12h.",
)
@_flags.everywhere_option
@_flags.kind_option
@_flags.selector_option("Select jobs with these labels: a=b,c!=d.")
@click.option("--dry-run", "trial", is_flag=True, help="Show what would be deleted and delete nothing.")
@click.option("-y", "--yes", is_flag=True, help="Skip confirmation.")
@_flags.patience_option
@_flags.output_option("table", "json", "yaml", "name")
@pass_session
def command(
    session: "Session", since: int | None, everywhere: bool, trial: bool, form: str, **only: Any
) -> int:
    """Delete jobs that ended at least TIME ago, after showing them and asking for confirmation.

    Jobs that other tools created are kept until they are adopted.

    \b
    arena prune --since 1d
    arena prune --since 12h -A -y
    arena prune --since 30d -l team=vision --dry-run -o name
    """
    from arena.actions.jobs import prune

    yes, timeout = only.pop("yes"), only.pop("timeout")
    if since is None:
        raise SpecError(
            "--since is missing", "give the minimum time since the end of a job, such as --since 1d"
        )
    detailed = form in ("json", "yaml")
    found = prune.old(session, timedelta(seconds=since), everywhere=everywhere, detailed=detailed, **only)
    _console.unread(found, form=form if detailed else "name")
    _tell(found, _shown(session, found.ours, everywhere, form if trial else "table"), trial)
    if trial:
        return 0
    prune.check(session, found.ours)
    if found.ours and not yes:
        _ask(len(found.ours))
    gone: list[Job] = []
    code = _carry_out(session, found.ours, gone, form, timeout) if found.ours else 0
    if form in ("json", "yaml") or (gone and form == "name"):
        _console.page(_shown(session, gone, everywhere, form))
    return code


def _carry_out(
    session: "Session", doomed: "Sequence[Job]", gone: "list[Job]", form: str, timeout: int
) -> int:
    """Delete the jobs, append the deleted ones to `gone`, and return the exit code."""
    from arena.actions.jobs import prune

    def act(removal: "Removal", job: "Job") -> None:
        prune.remove(removal, job)
        gone.append(job)

    return _bulk.deleted(session, doomed, act, timeout, quiet=form != "table")


def _shown(session: "Session", found: "Sequence[Job]", everywhere: bool, form: str) -> str:
    """The jobs before they are deleted; "" instead of an empty table."""
    from arena.views.jobs import ENDED

    empty = form == "table" and not found
    return "" if empty else _show.text(session, ENDED, found, form, everywhere=everywhere)


def _tell(found: "Old", plan: str, trial: bool) -> None:
    """Print the plan: on stdout for --dry-run, else on stderr, as stdout lists what was deleted."""
    if plan:
        _console.page(plan, err=not trial)
    if not found.ours:
        _console.remark("no jobs to delete")
    if found.others:
        names = ", ".join(job.name for job in found.others)
        _console.remark(f"skipped jobs that other tools created (arena adopt includes them): {names}")


def _ask(count: int) -> None:
    what = "1 job" if count == 1 else f"{count} jobs"
    if not sys.stdin.isatty():
        raise SpecError(f"{what} would be deleted and there is no terminal to confirm on", "add -y")
    _flags.agreed(f"Delete {what}?")
