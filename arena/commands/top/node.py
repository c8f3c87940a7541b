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
@click.option("-s", "--metric", is_flag=True, hidden=True, help="Accepted for the Go arena's users.")
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

    \b
    arena top node
    arena top node -o wide
    arena top node gpu-1 -d
    """
    from arena.actions import nodes

    told: list[Unread] = []
    _refresh.show(refresh, lambda: _text(session, nodes.nodes(session, names), details, form, told))


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
