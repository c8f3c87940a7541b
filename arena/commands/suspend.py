"""arena suspend: end the pods of jobs, and keep the jobs until they are resumed."""

from typing import TYPE_CHECKING

import click

from arena.commands import _each, _flags
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.actions.changes import Changed
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("suspend")
@_flags.job_argument(many=True)
@_flags.kind_option
@pass_session
def command(session: "Session", names: tuple[str, ...], kind: "Kind | None") -> int:
    """Suspend jobs: their pods end, the jobs stay and start anew when they are resumed.

    What a program has not saved is lost: suspending is not freezing. A job that waits in a queue is
    held back in it. Each name is tried; the exit code is 3 where any was missing.

    \b
    arena suspend bert
    arena suspend bert gpt
    """
    from arena.actions import changes

    def act(name: str, of_kind: "Kind | None") -> "Changed":
        return changes.suspend(session.cluster(), name, session.namespace, of_kind)

    return _each.change(session, _each.named(names, kind), act, "suspended", "is suspended already")
