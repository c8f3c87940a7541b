"""arena adopt: take over jobs that others made."""

from typing import TYPE_CHECKING

import click

from arena.commands import _each, _flags
from arena.commands._globals import pass_session
from arena.errors import SpecError

if TYPE_CHECKING:
    from arena.actions.changes import Changed
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("adopt")
@_flags.job_argument(many=True)
@_flags.kind_option
@_flags.selector_option("Every job with these labels.")
@click.option("--release", is_flag=True, help="Give adopted jobs back.")
@pass_session
def command(
    session: "Session", names: tuple[str, ...], kind: "Kind | None", selector: str, release: bool
) -> int:
    """Adopt jobs that kubectl or other tools made: label them as arena's own, so that prune takes them.

    Only labels of the job itself are set; what it runs is not touched. Those that it has stay.

    \b
    arena adopt bert
    arena adopt -l team=vision
    arena adopt bert --release
    """
    from arena.actions import changes

    if names and selector:
        raise SpecError("names do not go together with -l", "give one of them")
    targets = _each.matching(session, kind, selector) if selector else _each.named(names, kind)
    change = changes.release if release else changes.adopt

    def act(name: str, of_kind: "Kind | None") -> "Changed":
        return change(session.cluster(), name, session.namespace, of_kind)

    return _each.change(
        session,
        targets,
        act,
        "released" if release else "adopted",
        "is not adopted" if release else "is arena's own already",
    )
