"""arena get: everything about one training job on a page."""

from typing import TYPE_CHECKING

import click

from arena.commands import _flags
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("get")
@_flags.job_argument()
@_flags.kind_option
@click.option(
    "-e", "--events", "with_events", is_flag=True, help="What the cluster remarked on job and pods, too."
)
@click.option("-g", "--gpus", is_flag=True, hidden=True, help="GPUs are always shown.")
@_flags.output_option("table", "wide", "json", "yaml", "name", "command")
@pass_session
def command(
    session: "Session", name: str, kind: "Kind | None", with_events: bool, gpus: bool, form: str
) -> None:
    """Show a job: its state and why, its instances, GPUs, TensorBoard and events.

    \b
    arena get bert
    arena get bert -e
    arena get bert -o json
    arena get bert -o command
    """
    from arena.actions import boards, events, training
    from arena.views import encode, jobs

    cluster = session.cluster()
    if form == "command":
        _show_command(session, name, kind)
        return
    job = boards.linked(cluster, training.job(cluster, name, session.namespace, kind))
    found = events.events(cluster, job) if with_events else None
    if form == "name":
        click.echo(job.name)
    elif form in ("json", "yaml"):
        extra = {} if found is None else {"events": [jobs.event_data(event) for event in found]}
        click.echo(encode.encode(jobs.data(job, session.now()) | extra, form))
    else:
        click.echo(jobs.page(job, session.now(), found))


def _show_command(session: "Session", name: str, kind: "Kind | None") -> None:
    """The line that would submit it again, and on stderr what the line does not say."""
    from arena.actions import reruns, training
    from arena.labels import LOCAL_CWD

    of_kind, _, obj = training.find(session.cluster(), name, session.namespace, kind)
    click.echo(reruns.command(of_kind, obj))
    folder = reruns.surroundings(obj).get(LOCAL_CWD)
    if folder and folder != session.folder:
        click.echo(f"it was submitted in {folder}", err=True)
