"""arena top job: show the GPUs that jobs request and hold."""

from typing import TYPE_CHECKING

import click

from arena.commands import _complete, _flags, _show
from arena.commands._globals import pass_session
from arena.commands.top import _refresh

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.model.jobs import Job
    from arena.model.partial import Unread
    from arena.session import Session


@click.command("job")
@click.argument("name", metavar="[JOB]", required=False, shell_complete=_complete.jobs)
@_flags.everywhere_option
@_flags.kind_option
@_flags.instance_option
@_refresh.refresh_option
@_flags.output_option("table", "wide", "json", "yaml", "name")
@pass_session
def command(  # noqa: PLR0913 - one parameter a flag
    session: "Session",
    name: str | None,
    everywhere: bool,
    kind: "Kind | None",
    instance: str,
    refresh: bool,
    form: str,
) -> None:
    """Show the GPUs that jobs request and hold; for one job, instance by instance.

    What each GPU of a job does comes from the Prometheus of the setting prometheus-address.

    \b
    arena top job
    arena top job -A
    arena top job bert -r
    """
    from arena.actions import gpu_metrics
    from arena.actions.jobs import find, listing
    from arena.model.partial import Partial
    from arena.views.jobs import USAGE

    told: list[Unread] = []

    def read() -> str:
        if name:
            found = find.job(session, name, kind=kind, partial=not instance)
            job = _instance(found, instance)
            measured = Partial([job]) if form == "name" else gpu_metrics.of_jobs(session, Partial([job]))
            _refresh.warn(told, form, found, measured)
            return _show.text_of_one(session, USAGE, measured[0], form)
        detailed = form in ("json", "yaml")
        jobs = listing.jobs(session, everywhere=everywhere, kind=kind, detailed=detailed)
        if detailed:
            jobs = gpu_metrics.of_jobs(session, jobs)
        _refresh.warn(told, form, jobs)
        is_table = form in ("table", "wide")
        rows = sorted(jobs, key=lambda job: (-job.gpus, job.name)) if is_table else jobs
        return _show.text(session, USAGE, rows, form, everywhere=everywhere)

    _refresh.show(refresh, read)


def _instance(job: "Job", instance: str) -> "Job":
    """The job with only that instance; "" keeps all of them."""
    from dataclasses import replace

    from arena.actions.jobs import instances

    return replace(job, instances=(instances.meant(job, instance),)) if instance else job
