"""arena exec: run a command in an instance of a job."""

from typing import TYPE_CHECKING, Any

import click

from arena.commands import _flags
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.session import Session


@click.command("exec", context_settings={"ignore_unknown_options": False})
@_flags.job_argument()
@_flags.exec_options(_flags.place_options)
@pass_session
def command(
    session: "Session", name: str, words: tuple[str, ...], stdin: bool, tty: bool | None, **where: Any
) -> int:
    """Run a command in an instance (the chief unless -i names one) and exit with its code.

    \b
    arena exec bert -- nvidia-smi
    arena exec bert -i worker-1 -- ls -l /data
    arena exec bert -- bash
    tar c src | arena exec bert -s -- tar x
    """
    from arena.commands._terminal import Place, execute

    return execute(session, Place(**where).find(session, name), words, stdin=stdin, tty=tty)
