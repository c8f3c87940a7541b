"""arena timeline: where the time of a job went."""

from typing import TYPE_CHECKING

import click

from arena.commands import _flags, _show
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("timeline")
@_flags.job_argument()
@_flags.kind_option
@_flags.output_option("table", "json", "yaml")
@pass_session
def command(session: "Session", name: str, kind: "Kind | None", form: str) -> None:
    """Show where the time of a job went, from its submission to its end.

    Its stages are those of its slowest instance. They are compared with earlier runs of the same command in
    the same image, if these still exist.

    \b
    arena timeline bert
    arena timeline bert -o json
    """
    from arena.actions.jobs import timeline
    from arena.views.timelines import TIMELINES

    _show.show_one(session, TIMELINES, timeline.timeline(session, name, kind=kind), form)
