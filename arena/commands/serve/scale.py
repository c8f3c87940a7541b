"""arena serve scale: change the number of instances of servings."""

from typing import TYPE_CHECKING

import click

from arena.commands._globals import pass_session
from arena.commands.serve import _changing

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("scale")
@_changing.many_options
@click.option("-r", "--replicas", type=click.IntRange(min=0), required=True, metavar="N",
              help="New number of instances; 0 stops the serving.")  # fmt: skip
@pass_session
def command(  # noqa: PLR0913  # one parameter a flag
    session: "Session",
    names: tuple[str, ...],
    version: str,
    replicas: int,
    stays: bool,
    patience: int | None,
    kind: "Kind | None" = None,
) -> int:
    """Change the number of instances of servings.

    \b
    arena serve scale digits --replicas 3 --wait
    arena serve scale digits faces -r 0
    """
    from arena.actions.serving import scale

    many = "1 instance" if replicas == 1 else f"{replicas} instances"
    return _changing.each(
        session,
        names,
        lambda name: scale.scale(session, name, replicas, version=version, kind=kind),
        (f"scaled to {many}", f"already has {many}"),
        stays=stays,
        patience=patience,
    )
