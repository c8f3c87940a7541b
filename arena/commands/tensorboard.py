"""arena tensorboard (tb): open the TensorBoard of a job."""

import sys
from typing import TYPE_CHECKING

import click

from arena.commands import _console, _flags
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("tensorboard")
@_flags.job_argument()
@_flags.kind_option
@_flags.local_port_option("port")
@_flags.open_option
@pass_session
def command(session: "Session", name: str, kind: "Kind | None", port: int, browser: bool | None) -> None:
    """Print a link to the TensorBoard of a job or a sweep that works from here, and open it.

    If the cluster cannot be reached directly, this command forwards a port until Ctrl-C. The job or
    sweep must have been submitted with --tensorboard --logdir DIR.

    \b
    arena tensorboard bert
    arena tensorboard bert --port 6006 --no-open
    """
    from arena.actions.jobs import tensorboard

    cluster = session.cluster()
    job = tensorboard.owner(session, name, kind)
    service = tensorboard.find(cluster, job)
    show = sys.stdout.isatty() if browser is None else browser
    pod = tensorboard.pod(cluster, job, _console.remark)
    if not port and (link := tensorboard.link(service)):
        _offer(link, show)
        return
    with cluster.forward(job.namespace, pod["metadata"]["name"], tensorboard.PORT, port) as forward:
        _offer(f"http://127.0.0.1:{forward.port}{tensorboard.folder(pod)}", show)
        _console.remark("forwarding; press Ctrl-C to stop")
        told = ""
        while not forward.wait(1.0):
            fault = str(forward.last_fault or "")
            if fault != told:
                _console.remark(fault)
                told = fault


def _offer(link: str, show: bool) -> None:
    _console.line(link)
    sys.stdout.flush()
    if show:
        click.launch(link)
