"""arena serve get: show a serving and its instances."""

from typing import TYPE_CHECKING, Any

import click

from arena.commands import _family
from arena.commands._globals import pass_session
from arena.commands.serve._family import SERVINGS, Servings, version_option

if TYPE_CHECKING:
    from arena.session import Session


@click.command("get")
@_family.get_options(SERVINGS)
@version_option
@pass_session
def command(session: "Session", version: str, **flags: Any) -> None:
    """Show a serving and its instances.

    \b
    arena serve get digits
    arena serve get digits -v 2 -e
    """
    _family.get_object(session, Servings(version), **flags)
