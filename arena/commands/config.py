"""arena config: the settings in force."""

from typing import TYPE_CHECKING, Any

import click

from arena.commands import _flags
from arena.commands._aliases import Aliased
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.config import Settings
    from arena.session import Session

SECRET = ("prometheus-token",)
"""Settings that are named but never shown."""


@click.group("config", cls=Aliased)
def command() -> None:
    """Show the settings in force and where they come from."""


@command.command()
@click.option("--origin", is_flag=True, help="Where each value comes from, too.")
@click.option("--cluster", is_flag=True, help="Ask the cluster for its administrator's settings, too.")
@_flags.output_option("table", "json", "yaml")
@pass_session
def view(session: "Session", origin: bool, cluster: bool, form: str) -> None:
    """Show the settings that are set, each from the first place that has it.

    Flags come before ARENA_* variables, .arena.yaml, your own file, the administrator's settings
    (--cluster) and what is built in.

    \b
    arena config view
    arena config view --origin
    arena config view --origin --cluster
    arena config view -o yaml
    """
    from arena.views import encode, table

    settings = _with_administrator(session) if cluster else session.settings
    shown: dict[str, Any] = {key: "***" if key in SECRET else settings[key].value for key in sorted(settings)}
    if form != "table":
        found: Any = shown
        if origin:
            found = {key: {"value": value, "origin": settings[key].origin} for key, value in shown.items()}
        click.echo(encode.encode(found, form))
        return
    head = ["KEY", "VALUE", *(["ORIGIN"] if origin else [])]
    rows = [[key, _cell(value), *([settings[key].origin] if origin else [])] for key, value in shown.items()]
    click.echo(table.plain([head, *rows]))
    click.echo(f"cluster: {session.describe()}", err=True)


def _with_administrator(session: "Session") -> "Settings":
    from arena import config
    from arena.actions.defaults import administrator

    settings = session.settings
    data = administrator(session.cluster(), settings.text("arena-namespace"))
    return settings.below(config.administrator(data))


def _cell(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
