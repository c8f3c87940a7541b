"""arena delete (del): delete training jobs and all that was made with them."""

import sys
from typing import TYPE_CHECKING

import click

from arena.commands import _each, _flags
from arena.commands._globals import pass_session
from arena.errors import SpecError

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("delete")
@_flags.job_argument(many=True)
@_flags.kind_option
@click.option("--all", "everything", is_flag=True, help="Every job of the namespace.")
@_flags.selector_option("Every job with these labels.")
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
    doomed = _each.named(names, kind) if names else _chosen(session, kind, everything, selector, yes)
    click.echo(f"using {session.describe()}", err=True)

    def act(target: _each.Target) -> None:
        name, of_kind = target
        job = training.delete(session.cluster(), name, session.namespace, of_kind)
        click.echo(f"{job.kind} {job.name} deleted")

    return _each.each(doomed, act)


def _chosen(
    session: "Session", kind: "Kind | None", everything: bool, selector: str, yes: bool
) -> list[_each.Target]:
    if not everything and not selector:
        raise SpecError("no job is named", "name jobs, or give -l LABELS or --all")
    doomed = _each.matching(session, kind, selector)
    if doomed and not yes:
        if not sys.stdin.isatty():
            raise SpecError(
                f"{len(doomed)} jobs would be deleted and there is no terminal to ask on", "add -y"
            )
        names = ", ".join(name for name, _ in doomed)
        _flags.agreed(f"Delete {names} in namespace {session.namespace}?")
    return doomed
