"""arena scale: change the number of workers of running jobs."""

from functools import partial
from typing import TYPE_CHECKING

import click

from arena.commands import _bulk, _flags
from arena.commands._globals import pass_session

if TYPE_CHECKING:
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
    help="New number of workers.",
)
@pass_session
def command(session: "Session", names: tuple[str, ...], kind: "Kind | None", workers: int) -> int:
    """Change the number of workers of running jobs; the other workers keep running.

    You can scale a pytorchjob with --max-workers, a tfjob with --dynamic-workers, an etjob, a volcanojob, and
    a job with several workers.

    \b
    arena scale bert --workers 4
    arena scale bert gpt -n team-a -w 8
    """
    from arena.actions.jobs import scale as scaling

    many = "1 worker" if workers == 1 else f"{workers} workers"

    return _bulk.change(
        session,
        _bulk.named(names, kind),
        partial(scaling.scale, workers=workers),
        f"scaled to {many}",
        f"already has {many}",
    )
