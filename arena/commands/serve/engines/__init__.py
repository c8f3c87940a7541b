"""arena serve engines: list what serves models on this machine, and install it."""

from typing import TYPE_CHECKING

import click

from arena.commands import _flags, _show
from arena.commands._globals import pass_session
from arena.commands._verbs import Verbs

if TYPE_CHECKING:
    from arena.session import Session


@click.group("engines", cls=Verbs, package=__name__, invoke_without_command=True)
@_flags.output_option()
@pass_session
def command(session: "Session", form: str) -> None:
    """List the engines that serve models on this machine, and how to install those that are missing.

    The local cluster runs the engines of your own Python, and those in environments that arena has made.

    \b
    arena serve engines
    arena serve engines install kserve
    """
    if click.get_current_context().invoked_subcommand:
        return
    from arena.actions.serving.engines import engines
    from arena.views.engines import ENGINES

    _show.show(session, ENGINES, engines(session.environ), form)
