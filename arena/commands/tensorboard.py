"""arena tensorboard (tb): open the TensorBoard of a job."""

import sys
from typing import TYPE_CHECKING

import click

from arena.commands import _flags
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("tensorboard")
@_flags.job_argument()
@_flags.kind_option
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="PORT",
    help="Port of this machine to use; any free one otherwise.",
)
@click.option(
    "--open/--no-open", "browser", default=None, help="Open a browser; only from a terminal otherwise."
)
@pass_session
def command(session: "Session", name: str, kind: "Kind | None", port: int, browser: bool | None) -> None:
    """Print a link to a job's TensorBoard that works from here, and open it.

    Where the cluster cannot be reached directly the link leads through this command: it stays until
    Ctrl-C. The job must have been submitted with --tensorboard --logdir DIR.

    \b
    arena tensorboard bert
    arena tensorboard bert --port 6006 --no-open
    """
    from arena.actions import boards, training

    cluster = session.cluster()
    job = training.job(cluster, name, session.namespace, kind)
    link = boards.address(boards.find(cluster, job))
    show = sys.stdout.isatty() if browser is None else browser
    pod = boards.pod(cluster, job, lambda remark: click.echo(remark, err=True))
    if link and not port:
        _offer(link, show)
        return
    with cluster.forward(job.namespace, pod, boards.PORT, port) as forward:
        _offer(f"http://127.0.0.1:{forward.port}", show)
        click.echo("forwarding; Ctrl-C ends it", err=True)
        told = ""
        while not forward.wait(1.0):
            fault = str(forward.last_fault or "")
            if fault != told:
                click.echo(fault, err=True)
                told = fault


def _offer(link: str, show: bool) -> None:
    click.echo(link)
    sys.stdout.flush()
    if show:
        click.launch(link)
