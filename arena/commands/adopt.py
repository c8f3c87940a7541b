"""arena adopt: manage jobs that other tools created."""

from typing import TYPE_CHECKING

import click

from arena.commands import _bulk, _family, _flags
from arena.commands._globals import pass_session
from arena.commands._jobs import JOBS
from arena.errors import SpecError

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("adopt")
@_flags.job_argument(many=True)
@_flags.kind_option
@_flags.selector_option("Select jobs with these labels: a=b,c!=d.")
@click.option("--release", is_flag=True, help="Undo the adoption.")
@pass_session
def command(
    session: "Session", names: tuple[str, ...], kind: "Kind | None", selector: str, release: bool
) -> int:
    """Adopt jobs that kubectl or other tools created, so that prune includes them.

    Only missing labels of the job itself are set; its pods are not changed.

    \b
    arena adopt bert
    arena adopt -l team=vision
    arena adopt bert --release
    """
    from arena.actions.jobs import adopt as adopting

    if names and selector:
        raise SpecError("names and -l are mutually exclusive", "give one of them")
    targets = _family.matching(session, JOBS, kind, selector) if selector else _bulk.named(names, kind)

    return _bulk.change(
        session,
        targets,
        adopting.release if release else adopting.adopt,
        "released" if release else "adopted",
        "is not adopted" if release else "is arena's own already",
    )
