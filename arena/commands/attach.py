"""arena attach: open a shell in an instance of a job."""

from typing import TYPE_CHECKING, Any

import click

from arena.commands import _complete, _flags
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.session import Session


@click.command("attach")
@_flags.job_argument()
@click.argument("words", metavar="[--] [COMMAND...]", nargs=-1, type=click.UNPROCESSED,
                shell_complete=_complete.files)  # fmt: skip
@_flags.place_options
@click.option("--main", is_flag=True, help="Join the main program instead of starting a shell.")
@pass_session
def command(session: "Session", name: str, words: tuple[str, ...], main: bool, **where: Any) -> int:
    """Open a shell in an instance (the chief unless -i names one); exit with its code.

    Without a terminal, commands are read from standard input.

    \b
    arena attach bert
    arena attach bert -i worker-0 -- bash
    echo 'ls; exit 3' | arena attach bert
    arena attach bert --main
    """
    from arena.commands._terminal import Place, attach

    return attach(session, Place(**where).find(session, name), words, main=main)
