"""arena serve exec: run a command in an instance of a serving."""

from typing import TYPE_CHECKING, Any

import click

from arena.commands import _family, _flags
from arena.commands._globals import pass_session
from arena.commands.serve import _place
from arena.commands.serve._family import SERVINGS

if TYPE_CHECKING:
    from arena.session import Session


@click.command("exec", context_settings={"ignore_unknown_options": False})
@_family.name_argument(SERVINGS)
@_flags.exec_options(_place.options)
@pass_session
def command(
    session: "Session", name: str, words: tuple[str, ...], stdin: bool, tty: bool | None, **where: Any
) -> int:
    """Run a command in an instance (a running one unless -i names it) and exit with its code.

    \b
    arena serve exec digits -- nvidia-smi
    arena serve exec digits -v 2 -- ls -l /models
    """
    from arena.commands._terminal import execute

    return execute(session, _place.Place(**where).find(session, name), words, stdin=stdin, tty=tty)
