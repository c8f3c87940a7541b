"""arena scale: change how many workers jobs have while they run."""

from typing import TYPE_CHECKING

import click

from arena.commands import _each, _flags
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.actions.changes import Changed
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("scale")
@_flags.job_argument(many=True)
@_flags.kind_option
@click.option(
    "-w",
    "--workers",
    type=click.IntRange(min=1),
    required=True,
    metavar="N",
    help="How many workers there shall be.",
)
@pass_session
def command(session: "Session", names: tuple[str, ...], kind: "Kind | None", workers: int) -> int:
    """Scale jobs: start further workers, or end the last ones, while the others run on.

    Only for jobs whose programs can learn of it: a pytorchjob with --max-workers, a tfjob with
    --dynamic-workers, an etjob, a volcanojob, and a job with several workers.

    \b
    arena scale bert --workers 4
    arena scale bert gpt -n team-a -w 8
    """
    from arena.actions import changes

    many = "1 worker" if workers == 1 else f"{workers} workers"

    def act(name: str, of_kind: "Kind | None") -> "Changed":
        return changes.scale(session.cluster(), name, session.namespace, workers, of_kind)

    return _each.change(
        session,
        _each.named(names, kind),
        act,
        f"scaled to {many}",
        f"has {many} already",
    )
