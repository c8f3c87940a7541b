"""arena resume: start suspended jobs again."""

from typing import TYPE_CHECKING

import click

from arena.commands import _each, _flags
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.actions.changes import Changed
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("resume")
@_flags.job_argument(many=True)
@_flags.kind_option
@pass_session
def command(session: "Session", names: tuple[str, ...], kind: "Kind | None") -> int:
    """Resume suspended jobs: their pods start again, each program from its beginning.

    Instances of before that still end are waited for. Each name is tried; the exit code is 3 where any
    was missing.

    \b
    arena resume bert
    arena resume bert gpt
    """
    from arena.actions import changes

    def act(name: str, of_kind: "Kind | None") -> "Changed":
        def wait(pods: int) -> None:
            click.echo(f"{name}: waiting for {pods} instance{'s' * (pods > 1)} to end", err=True)

        return changes.resume(session.cluster(), name, session.namespace, of_kind, wait=wait)

    return _each.change(session, _each.named(names, kind), act, "resumed", "is not suspended")
