"""arena serve top: show the traffic of servings."""

from typing import TYPE_CHECKING

import click

from arena.commands import _family, _flags, _show
from arena.commands._globals import pass_session
from arena.commands.serve._family import SERVINGS, completed_names, version_option
from arena.commands.top import _refresh
from arena.errors import SpecError

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.model.partial import Unread
    from arena.session import Session


@click.command("top")
@click.argument("name", metavar="[NAME]", default="", shell_complete=completed_names)
@_family.kind_option(SERVINGS)
@version_option
@_flags.everywhere_option
@click.option(
    "--interval",
    default="2s",
    show_default=True,
    metavar="TIME",
    callback=_flags.duration,
    help="How long to measure.",
)
@_refresh.refresh_option
@_flags.output_option("table", "wide", "json", "yaml", "name")
@pass_session
def command(  # noqa: PLR0913 - one parameter a flag
    session: "Session",
    name: str,
    version: str,
    everywhere: bool,
    interval: int,
    refresh: bool,
    form: str,
    kind: "Kind | None" = None,
) -> None:
    """Show requests, errors, latency and GPUs of servings, by the metrics of their engines.

    Known are those of vLLM, SGLang, TGI, Triton, TF Serving, TorchServe, KServe, MLServer and Seldon, and the
    usual ones of programs that answer HTTP. The local cluster counts the requests of all others itself.

    \b
    arena serve top
    arena serve top digits -r
    arena serve top -A --interval 10s -o json
    """
    from arena.actions.serving.metrics.top import meter
    from arena.views.traffic import TRAFFIC

    told: list[Unread] = []
    if interval < 1:
        raise SpecError("--interval: measure for one second or more", "write it like 2s or 1m")
    measuring = meter(
        session, name, version=version, kind=kind, everywhere=everywhere, interval=float(interval)
    )

    def read() -> str:
        found = measuring.read()
        _refresh.warn(told, form, found)
        return _show.text(session, TRAFFIC, found, form, everywhere=everywhere)

    _refresh.show(refresh, read)
