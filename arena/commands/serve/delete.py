"""arena serve delete (del): delete servings."""

from typing import TYPE_CHECKING, Any

import click

from arena.commands import _deleting
from arena.commands._globals import pass_session
from arena.commands.serve._family import SERVINGS, Servings, version_option
from arena.errors import SpecError

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("delete")
@_deleting.delete_options(SERVINGS)
@version_option
@click.option("--all-versions", "whole", is_flag=True, help="Delete all versions of the named servings.")
@pass_session
def command(
    session: "Session",
    version: str,
    whole: bool,
    names: tuple[str, ...],
    kind: "Kind | None" = None,
    **flags: Any,
) -> int:
    """Delete servings, with everything that was created with them.

    Every name is tried. The exit code is 3 if any is missing, 6 if a finalizer holds one. If the traffic of a
    serving is split, the other versions take over that of the deleted one.

    \b
    arena serve delete digits -v 1
    arena serve delete digits --all-versions
    arena serve delete --all -y
    """
    if whole:
        from arena.actions.serving import find

        if version:
            raise SpecError("-v and --all-versions are mutually exclusive", "give one of them")
        names = tuple(find.spread(session, names, kind))
    flags = {**flags, "names": names, "kind": kind}
    return _deleting.delete_objects(session, Servings(version), **flags)
