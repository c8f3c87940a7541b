"""arena delete (del): delete training jobs and everything that was created with them."""

from typing import TYPE_CHECKING, Any

import click

from arena.commands import _bulk, _console, _deleting
from arena.commands._family import Target
from arena.commands._globals import pass_session
from arena.commands._jobs import JOBS
from arena.errors import SpecError

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("delete")
@_deleting.delete_options(JOBS)
@click.option(
    "--still-running",
    "lingering",
    is_flag=True,
    help="Delete only instances that outlive their job; keep the job.",
)
@pass_session
def command(session: "Session", lingering: bool, **flags: Any) -> int:
    """Delete jobs: the job itself, its pods, and its TensorBoard, configuration and secrets.

    Every name is tried. The exit code is 3 if any is missing, 6 if a finalizer holds one.

    \b
    arena delete bert gpt
    arena delete -l team=vision
    arena delete --all -y
    arena delete bert --still-running
    """
    if not lingering:
        return _deleting.delete_objects(session, JOBS, **flags)
    if not flags["names"]:
        raise SpecError("--still-running requires job names", "arena list shows which of them still run")
    if flags["everything"] or flags["selector"]:
        raise SpecError("names are mutually exclusive with --all and -l", "give one of them")
    return _delete_lingering(session, flags["names"], flags["kind"])


def _delete_lingering(session: "Session", names: tuple[str, ...], kind: "Kind | None") -> int:
    """End the instances that outlive these jobs; return the exit code."""
    from arena.actions.jobs import delete

    _console.remark(f"using {session.describe()}")

    def act(target: Target) -> None:
        name, kind = target
        ended = delete.delete_lingering(session, name, kind=kind)
        for one in ended:
            _console.line(f"instance {one.name} deleted")
        if not ended:
            _console.remark(f"no instance of {name} still runs")

    return _bulk.each(_bulk.named(names, kind), act)
