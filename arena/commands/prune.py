"""arena prune: delete jobs that ended long ago."""

import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from arena.commands import _each, _flags
from arena.commands._globals import pass_session
from arena.errors import SpecError

if TYPE_CHECKING:
    from arena.actions.pruning import Old
    from arena.model import Job
    from arena.session import Session


@click.command("prune")
@click.option(
    "-s",
    "--since",
    default=None,
    metavar="TIME",
    callback=_flags.duration,
    help="How long ago they must have ended, such as 1d or 12h.",
)
@_flags.everywhere_option
@_flags.kind_option
@_flags.selector_option("Only jobs with these labels: a=b,c!=d.")
@click.option("--dry-run", "trial", is_flag=True, help="Show what would be deleted and delete nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@_flags.output_option("table", "json", "yaml", "name")
@pass_session
def command(
    session: "Session", since: int | None, everywhere: bool, trial: bool, form: str, **only: Any
) -> int:
    """Delete jobs that ended at least TIME ago; shows them first, and asks.

    Those that others made stay, until they are adopted.

    \b
    arena prune --since 1d
    arena prune --since 12h -A -y
    arena prune --since 30d -l team=vision --dry-run -o name
    """
    from arena.actions import pruning

    yes: bool = only.pop("yes")
    namespace = None if everywhere else session.namespace
    if since is None:
        raise SpecError("--since is missing", "say how long ago a job must have ended, such as --since 1d")
    before = session.now() - timedelta(seconds=since)
    found = pruning.old(session.cluster(), namespace, before, **only)
    _tell(found, _shown(session, found.ours, everywhere, form if trial else "table"), trial)
    if trial:
        return 0
    if found.ours and not yes:
        _ask(len(found.ours))
    return _carry_out(session, found.ours, everywhere, form)


def _carry_out(session: "Session", doomed: "Sequence[Job]", everywhere: bool, form: str) -> int:
    """Delete the jobs and tell which are gone; the exit code."""
    from arena.actions import pruning

    gone: list[Job] = []

    def act(job: "Job") -> None:
        pruning.remove(session.cluster(), job)
        gone.append(job)
        if form == "table":
            click.echo(f"{job.kind} {job.name} deleted")

    if doomed:
        click.echo(f"using {session.describe()}", err=True)
    code = _each.each(doomed, act)
    if form in ("json", "yaml") or (gone and form == "name"):
        click.echo(_shown(session, gone, everywhere, form))
    return code


def _shown(session: "Session", found: "Sequence[Job]", everywhere: bool, form: str) -> str:
    """Jobs, as they are before they are deleted."""
    from arena.views import encode, jobs, table

    if form == "name":
        return "\n".join(job.name for job in found)
    if form in ("json", "yaml"):
        return encode.encode([jobs.data(job, session.now()) for job in found], form)
    view = jobs.columns(jobs.ENDED, everywhere=everywhere)
    return table.render(view, found, session.now()) if found else ""


def _tell(found: "Old", plan: str, trial: bool) -> None:
    """The plan; where it is carried out, what was deleted is the result instead."""
    if plan:
        click.echo(plan, err=not trial)
    if not found.ours:
        click.echo("no job needs to be deleted", err=True)
    if found.others:
        names = ", ".join(job.name for job in found.others)
        click.echo(f"left alone, as others made them (arena adopt takes them over): {names}", err=True)


def _ask(count: int) -> None:
    what = "1 job" if count == 1 else f"{count} jobs"
    if not sys.stdin.isatty():
        raise SpecError(f"{what} would be deleted and there is no terminal to ask on", "add -y")
    _flags.agreed(f"Delete {what}?")
