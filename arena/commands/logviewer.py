"""arena logviewer: where the logs of a job can be seen in a browser."""

from typing import TYPE_CHECKING

import click

from arena.commands import _flags
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("logviewer")
@_flags.job_argument()
@_flags.kind_option
@pass_session
def command(session: "Session", name: str, kind: "Kind | None") -> None:
    """Show the pages of the cluster's dashboard that show the logs of a job, one an instance.

    \b
    arena logviewer bert
    """
    from arena.actions import training, viewers

    job = training.job(session.cluster(), name, session.namespace, kind)
    found = viewers.links(session.cluster(), job, session.settings.text("arena-namespace"))
    if found:
        click.echo("\n".join(["Your LogViewer will be available on:", *found]))
        return
    where = "" if session.namespace == "default" else f" -n {session.namespace}"
    click.echo("No LogViewer Installed", err=True)
    click.echo(f"the same lines come from: arena logs {name} -f{where}", err=True)
