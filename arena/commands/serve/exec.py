"""arena serve exec: run a command in an instance of a serving."""

from typing import TYPE_CHECKING, Any

import click

from arena.commands import _complete, _family
from arena.commands._globals import pass_session
from arena.commands.serve import _place
from arena.commands.serve._family import SERVINGS

if TYPE_CHECKING:
    from arena.session import Session


@click.command("exec", context_settings={"ignore_unknown_options": False})
@_family.name_argument(SERVINGS)
@click.argument("words", metavar="[--] COMMAND...", nargs=-1, required=True, type=click.UNPROCESSED,
                shell_complete=_complete.files)  # fmt: skip
@_place.options
@click.option("--stdin", "-s", is_flag=True, help="Pass standard input to the command, without a terminal.")
@click.option("--tty/--no-tty", "tty", default=None, help="Allocate a terminal.  [default: if this is one]")
@pass_session
def command(
    session: "Session", name: str, words: tuple[str, ...], stdin: bool, tty: bool | None, **where: Any
) -> int:
    """Run a command in an instance (a running one unless -i names it) and exit with its code.

    \b
    arena serve exec digits -- nvidia-smi
    arena serve exec digits -v 2 -- ls -l /models
    """
    from arena.commands._terminal import execute, is_terminal

    tty = is_terminal() if tty is None else tty
    there = _place.Place(**where).find(session, name)
    return execute(session, there, words, stdin=stdin or tty, tty=tty)
