"""arena serve delete (del): delete servings."""

from typing import TYPE_CHECKING, Any

import click

from arena.commands import _family
from arena.commands._globals import pass_session
from arena.commands.serve._family import SERVINGS, Servings, version_option

if TYPE_CHECKING:
    from arena.session import Session


@click.command("delete")
@_family.delete_options(SERVINGS)
@version_option
@pass_session
def command(session: "Session", version: str, **flags: Any) -> int:
    """Delete servings, with everything that was created with them.

    Every name is tried. The exit code is 3 if any is missing, 6 if a finalizer holds one.

    \b
    arena serve delete digits -v 1
    arena serve delete --all -y
    """
    return _family.delete_objects(session, Servings(version), **flags)
