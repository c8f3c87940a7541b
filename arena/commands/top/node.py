"""arena top node: show nodes with their GPUs, CPUs and memory."""

from typing import TYPE_CHECKING

import click

from arena.commands import _complete, _flags, _show
from arena.commands._globals import pass_session
from arena.commands.top import _refresh

if TYPE_CHECKING:
    from arena.model.nodes import Node
    from arena.model.partial import Partial, Unread
    from arena.session import Session


@click.command("node")
@click.argument("names", metavar="[NODE]...", nargs=-1, shell_complete=_complete.nodes)
@click.option("-d", "--details", is_flag=True, help="Include the pods that hold GPUs on each node.")
@_refresh.refresh_option
@click.option("-m", "--gpu-mode", hidden=True, help="Accepted for the Go arena's users.")
@click.option("-s", "--metric", is_flag=True, help="Include the utilization and memory of each GPU.")
@_flags.output_option("table", "wide", "json", "yaml", "name")
@pass_session
def command(  # noqa: PLR0913 - one parameter a flag
    session: "Session",
    names: tuple[str, ...],
    details: bool,
    refresh: bool,
    gpu_mode: str | None,
    metric: bool,
    form: str,
) -> None:
    """Show nodes with their GPUs; `-o wide` adds CPUs and memory.

    What GPUs do comes from the Prometheus of the setting prometheus-address.

    \b
    arena top node
    arena top node -o wide
    arena top node gpu-1 -d
    arena top node gpu-1 --metric
    """
    from arena.actions import gpu_metrics, nodes
    from arena.views import gpus

    told: list[Unread] = []
    measured = metric or form in ("wide", "json", "yaml")

    def read() -> str:
        found = nodes.nodes(session, names)
        if metric or (measured and gpu_metrics.is_set(session) and any(one.gpus for one in found)):
            found = gpu_metrics.of_nodes(session, found)
        text = _text(session, found, details, form, told)
        rows = gpus.of_nodes(found, session.now()) if metric and form in ("table", "wide") else ""
        return f"{text}\n\n{rows}" if rows else text

    _refresh.show(refresh, read)


def _text(session: "Session", found: "Partial[Node]", details: bool, form: str, told: "list[Unread]") -> str:
    from arena.actions import nodes
    from arena.views import nodes as view

    if not details or form not in ("table", "wide"):
        _refresh.warn(told, form, found)
        return _show.text(session, view.NODES, found, form)
    cluster, now = session.cluster(), session.now()
    pods = [nodes.pods_on(cluster, one.name) for one in found]
    _refresh.warn(told, form, found, *pods)
    return "\n\n".join(view.page(one, held, now) for one, held in zip(found, pods, strict=True))
