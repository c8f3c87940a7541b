"""arena logviewer: print links to the logs of a job on the cluster's dashboard."""

from typing import TYPE_CHECKING

import click

from arena.commands import _console, _flags
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("logviewer")
@_flags.job_argument()
@_flags.kind_option
@pass_session
def command(session: "Session", name: str, kind: "Kind | None") -> None:
    """Print links to the logs of a job on the cluster's dashboard, one for each instance.

    \b
    arena logviewer bert
    """
    from arena.actions.jobs import find, logviewer

    job = find.job(session, name, kind=kind)
    session.miss("arena-namespace")
    found = logviewer.links(session.cluster(), job, session.settings.text("arena-namespace"))
    if found:
        _console.names(["Your LogViewer will be available on:", *found])
        return
    where = "" if session.namespace == "default" else f" -n {session.namespace}"
    _console.remark("No LogViewer Installed")
    _console.remark(f"the same lines come from: arena logs {name} -f{where}")
