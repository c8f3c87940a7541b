"""arena serve restart: replace the instances of servings by new ones."""

from typing import TYPE_CHECKING

import click

from arena.commands._globals import pass_session
from arena.commands.serve import _changing

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("restart")
@_changing.many_options
@pass_session
def command(
    session: "Session",
    names: tuple[str, ...],
    version: str,
    stays: bool,
    patience: int | None,
    kind: "Kind | None" = None,
) -> int:
    """Replace the instances of servings by new ones that run the same, step by step.

    \b
    arena serve restart digits --wait
    arena serve restart digits@1 digits@2
    """
    from arena.actions.serving import restart

    return _changing.each(
        session,
        names,
        lambda name: restart.restart(session, name, version=version, kind=kind),
        ("restarted", "restarted this second"),
        stays=stays,
        patience=patience,
    )
