"""arena serve attach: open a shell in an instance of a serving."""

from typing import TYPE_CHECKING, Any

import click

from arena.commands import _complete, _family
from arena.commands._globals import pass_session
from arena.commands.serve import _place
from arena.commands.serve._family import SERVINGS

if TYPE_CHECKING:
    from arena.session import Session


@click.command("attach")
@_family.name_argument(SERVINGS)
@click.argument("words", metavar="[--] [COMMAND...]", nargs=-1, type=click.UNPROCESSED,
                shell_complete=_complete.files)  # fmt: skip
@_place.options
@click.option("--main", is_flag=True, help="Join the main program instead of starting a shell.")
@pass_session
def command(session: "Session", name: str, words: tuple[str, ...], main: bool, **where: Any) -> int:
    """Open a shell in an instance (a running one unless -i names it); exit with its code.

    Without a terminal, commands are read from standard input.

    \b
    arena serve attach digits
    arena serve attach digits -v 2 -- bash
    echo 'ls; exit 3' | arena serve attach digits
    """
    from arena.commands._terminal import attach

    return attach(session, _place.Place(**where).find(session, name), words, main=main)
