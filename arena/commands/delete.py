"""arena delete (del): delete training jobs and all that was made with them."""

import sys
from typing import TYPE_CHECKING

import click

from arena.commands import _flags
from arena.commands._globals import pass_session
from arena.errors import ArenaError, NotFound, SpecError, Unreachable

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("delete")
@_flags.job_argument(many=True)
@_flags.kind_option
@click.option("--all", "everything", is_flag=True, help="Every job of the namespace.")
@click.option("-l", "--selector", default="", metavar="LABELS", help="Every job with these labels.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@pass_session
def command(
    session: "Session",
    names: tuple[str, ...],
    kind: "Kind | None",
    everything: bool,
    selector: str,
    yes: bool,
) -> int:
    """Delete jobs: the job itself, its pods, and its TensorBoard, configuration and secrets.

    Each name is tried; the exit code is 3 where any was missing.

    \b
    arena delete bert gpt
    arena delete -l team=vision
    arena delete --all -y
    """
    from arena.actions import training

    if names and (everything or selector):
        raise SpecError("names do not go together with --all or -l", "give one of them")
    doomed = [(name, kind) for name in dict.fromkeys(names)]
    if not doomed:
        doomed = _chosen(session, kind, everything, selector, yes)
    click.echo(f"using {session.describe()}", err=True)
    failed: set[int] = set()
    for name, of_kind in doomed:
        try:
            job = training.delete(session.cluster(), name, session.namespace, of_kind)
        except Unreachable:
            raise
        except ArenaError as error:
            failed.add(error.exit_code)
            click.echo(f"Error: {error.message}" + (f"\nHint: {error.hint}" if error.hint else ""), err=True)
        else:
            click.echo(f"{job.kind} {job.name} deleted")
    return NotFound.exit_code if NotFound.exit_code in failed else max(failed, default=0)


def _chosen(
    session: "Session", kind: "Kind | None", everything: bool, selector: str, yes: bool
) -> list[tuple[str, "Kind | None"]]:
    from arena import kinds
    from arena.actions import training

    if not everything and not selector:
        raise SpecError("no job is named", "name jobs, or give -l LABELS or --all")
    jobs = training.jobs(session.cluster(), session.namespace, kind=kind, selector=selector)
    if jobs and not yes:
        if not sys.stdin.isatty():
            raise SpecError(f"{len(jobs)} jobs would be deleted and there is no terminal to ask on", "add -y")
        names = ", ".join(job.name for job in jobs)
        _flags.agreed(f"Delete {names} in namespace {session.namespace}?")
    if not jobs:
        click.echo("no job matches", err=True)
    # Two kinds may each have a job of the same name.
    return [(job.name, kinds.find(job.kind)) for job in jobs]
