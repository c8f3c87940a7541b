"""arena serve promote: let a serving run what its canary runs."""

from typing import TYPE_CHECKING

import click

from arena.commands import _console, _family
from arena.commands._globals import pass_session
from arena.commands.serve._family import SERVINGS, version_option
from arena.errors import NotFound

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("promote")
@_family.name_argument(SERVINGS)
@_family.kind_option(SERVINGS)
@version_option
@pass_session
def command(session: "Session", name: str, version: str, kind: "Kind | None" = None) -> None:
    """Let a serving run what its canary runs, whoever started it, and end the canary.

    \b
    arena serve promote digits
    """
    from arena.actions.serving.canary import canary, state
    from arena.commands.serve import _canary

    found = canary.located(session, name, version, kind)
    made = state.current(found)
    if made is None:
        hint = "start one: arena serve update NAME --canary 10% --guard 'errors<1%' --sample INPUT"
        raise NotFound(f'serving "{found.serving.title}" has no canary', hint)
    _console.remark(f"using {session.describe()}")
    _canary.promote(session, made)
