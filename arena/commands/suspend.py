"""arena suspend: suspend jobs, and release their resources."""

from typing import TYPE_CHECKING

import click

from arena.commands import _bulk, _flags
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("suspend")
@_flags.job_argument(many=True)
@_flags.kind_option
@pass_session
def command(session: "Session", names: tuple[str, ...], kind: "Kind | None") -> int:
    """Suspend jobs: delete their pods and keep the jobs until they are resumed.

    Programs lose what they have not saved, because suspending ends them. A job that waits in a queue is held
    there. Every name is tried; the exit code is 3 if any is missing.

    \b
    arena suspend bert
    arena suspend bert gpt
    """
    from arena.actions.jobs import suspend as suspending

    targets = _bulk.named(names, kind)
    return _bulk.change(session, targets, suspending.suspend, "suspended", "is already suspended")
