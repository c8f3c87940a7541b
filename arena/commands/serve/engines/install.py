"""arena serve engines install: install an engine into an environment of its own."""

from typing import TYPE_CHECKING

import click

from arena import engines
from arena.commands import _console
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.session import Session


@click.command("install")
@click.argument("name", metavar="ENGINE", type=click.Choice(engines.NAMES))
@click.option("--again", is_flag=True, help="Remove an installed engine first.")
@pass_session
def command(session: "Session", name: str, again: bool) -> None:
    """Install an engine into an environment of its own, by pip.

    The environment is below arena/engines of XDG_DATA_HOME, which is ~/.local/share by default. If the
    installation fails, nothing is left of it.

    \b
    arena serve engines install kserve
    """
    from arena.actions.serving.engines import install

    version = install(name, session.environ, _console.remark, again=again)
    _console.line(f"engine {name} {version} installed")
