"""arena top: GPUs, CPUs and memory, by node or by job."""

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from arena.commands import _complete, _flags
from arena.commands._aliases import Aliased
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.inventory import Node
    from arena.kinds.kind import Kind
    from arena.model import Job
    from arena.session import Session

INTERVAL = 2.0
refresh_option = click.option("-r", "--refresh", is_flag=True, help="Stay, and redraw every 2 seconds.")


@click.group("top", cls=Aliased)
def command() -> None:
    """Show who uses what of the cluster."""


@command.command("node")
@click.argument("names", metavar="[NODE]...", nargs=-1, shell_complete=_complete.nodes)
@click.option("-d", "--details", is_flag=True, help="Each node with the pods that hold GPUs there.")
@refresh_option
@click.option("-m", "--gpu-mode", hidden=True, help="Accepted for the Go arena's users.")
@click.option("-s", "--metric", is_flag=True, hidden=True, help="Accepted for the Go arena's users.")
@_flags.output_option("table", "wide", "json", "yaml", "name")
@pass_session
def node(  # noqa: PLR0913 - one parameter a flag
    session: "Session",
    names: tuple[str, ...],
    details: bool,
    refresh: bool,
    gpu_mode: str | None,
    metric: bool,
    form: str,
) -> None:
    """Show nodes with their GPUs; `-o wide` adds CPUs and memory.

    \b
    arena top node
    arena top node -o wide
    arena top node gpu-1 -d
    """
    from arena.actions import nodes

    _show(refresh, lambda: _nodes(session, nodes.nodes(session.cluster(), names), details, form))


def _nodes(session: "Session", found: "list[Node]", details: bool, form: str) -> str:
    from arena.actions import nodes as actions
    from arena.commands._live import room
    from arena.views import encode, nodes

    if form == "name":
        return "\n".join(one.name for one in found)
    if form in ("json", "yaml"):
        return encode.encode([nodes.data(one) for one in found], form)
    if details:
        pages = [
            nodes.detail(one, actions.pods_on(session.cluster(), one.name), session.now()) for one in found
        ]
        return "\n\n".join(pages)
    return nodes.nodes(found, session.now(), wide=form == "wide", within=room())


@command.command("job")
@click.argument("name", metavar="[JOB]", required=False, shell_complete=_complete.jobs)
@_flags.everywhere_option
@_flags.kind_option
@_flags.instance_option
@refresh_option
@_flags.output_option("table", "wide", "json", "yaml", "name")
@pass_session
def job(  # noqa: PLR0913 - one parameter a flag
    session: "Session",
    name: str | None,
    everywhere: bool,
    kind: "Kind | None",
    instance: str,
    refresh: bool,
    form: str,
) -> None:
    """Show the GPUs that jobs ask for and hold; of one job, instance by instance.

    \b
    arena top job
    arena top job -A
    arena top job bert -r
    """
    from arena.actions import overview, training

    cluster, namespace = session.cluster(), None if everywhere else session.namespace

    def read() -> str:
        if name:
            return _job(session, training.job(cluster, name, session.namespace, kind), instance, form)
        return _jobs(session, overview.jobs(cluster, namespace, kind=kind), everywhere, form)

    _show(refresh, read)


def _jobs(session: "Session", found: "list[Job]", everywhere: bool, form: str) -> str:
    from arena.commands._live import room
    from arena.views import encode, jobs, nodes

    if form == "name":
        return "\n".join(one.name for one in found)
    if form in ("json", "yaml"):
        return encode.encode([jobs.data(one, session.now()) for one in found], form)
    return nodes.top_jobs(found, session.now(), everywhere=everywhere, within=room())


def _job(session: "Session", found: "Job", instance: str, form: str) -> str:
    from dataclasses import replace

    from arena.actions import instances
    from arena.views import encode, jobs, nodes

    if instance:
        found = replace(found, instances=(instances.meant(found, instance),))
    if form in ("json", "yaml"):
        return encode.encode(jobs.data(found, session.now()), form)
    return found.name if form == "name" else nodes.top_job(found, session.now())


def _show(refresh: bool, read: Callable[[], str]) -> None:
    """Print once, or on and on: redrawn in place on a terminal, one below the other elsewhere."""
    from arena.commands._live import redraw

    lines = 0
    while True:
        text = read()
        if refresh and sys.stdout.isatty():
            lines = redraw(text, lines)
        else:
            click.echo(text)
        if not refresh:
            return
        sys.stdout.flush()
        time.sleep(INTERVAL)
