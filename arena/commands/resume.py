"""arena resume: resume suspended jobs."""

from typing import TYPE_CHECKING, Any

import click

from arena.commands import _bulk, _console, _flags
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.model.jobs import Job
    from arena.session import Session


@click.command("resume")
@_flags.job_argument(many=True)
@_flags.kind_option
@pass_session
def command(session: "Session", names: tuple[str, ...], kind: "Kind | None") -> int:
    """Resume suspended jobs: their pods are created again, and programs start from the beginning.

    The command waits until all former instances have ended. Every name is tried; the exit code is 3 if any is
    missing.

    \b
    arena resume bert
    arena resume bert gpt
    """
    from arena.actions.jobs import suspend as suspending

    def resume(session: "Session", name: str, **how: Any) -> "Job":
        def wait(pods: int) -> None:
            _console.remark(f"{name}: waiting for {pods} instance{'s' * (pods > 1)} to end")

        return suspending.resume(session, name, wait=wait, **how)

    return _bulk.change(session, _bulk.named(names, kind), resume, "resumed", "is not suspended")
