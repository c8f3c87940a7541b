"""arena config view: show the settings that are set."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from arena.commands import _console, _flags
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.config import Ignored, Setting, Settings
    from arena.session import Session


@click.command("view")
@click.option("--origin", is_flag=True, help="Show where each value comes from and what is ignored.")
@click.option("--cluster", is_flag=True, help="Ask the cluster for its administrator's settings, too.")
@_flags.output_option("table", "json", "yaml")
@pass_session
def command(session: "Session", origin: bool, cluster: bool, form: str) -> None:
    """Show the settings that are set, each from the first place that has it.

    Flags come before ARENA_* variables, .arena.yaml, your own file, the administrator's settings
    (--cluster) and what is built in.

    \b
    arena config view
    arena config view --origin
    arena config view --origin --cluster
    arena config view -o yaml
    """
    from arena.actions.submit import defaults
    from arena.views import encode, table

    settings = _with_administrator(session) if cluster else session.settings
    shown, ignored = defaults.shown(settings), settings.ignored if origin else None
    if form != "table":
        _console.page(encode.encode(_data(shown, ignored, with_origin=origin), form))
        return
    head = ["KEY", "VALUE", *(["ORIGIN"] if origin else [])]
    rows = [[key, _cell(one.value), *([one.origin] if origin else [])] for key, one in shown.items()]
    why = f"ignored in {ignored.origin}: {ignored.why}" if ignored else ""
    rows += [[key, _cell(value), why] for key, value in _ignored_values(ignored).items()]
    _console.page(table.plain([head, *rows]))
    _console.remark(f"cluster: {session.describe()}")


def _data(shown: "Mapping[str, Setting]", ignored: "Ignored | None", *, with_origin: bool) -> dict[str, Any]:
    """The settings as plain data."""
    found: dict[str, Any] = {
        key: {"value": one.value, "origin": one.origin} if with_origin else one.value
        for key, one in shown.items()
    }
    for key, value in _ignored_values(ignored).items():
        why = {"value": value, "origin": ignored and ignored.origin, "why": ignored and ignored.why}
        found[key] = {**found.get(key, {"value": None, "origin": None}), "ignored": why}
    return found


def _ignored_values(ignored: "Ignored | None") -> dict[str, Any]:
    """Ignored values of a project file, by key; the file itself if all of it is ignored."""
    from arena.actions.submit import defaults
    from arena.config import PROJECT

    if ignored is None:
        return {}
    return {key: defaults.masked(key, value) for key, value in ignored.values.items()} or {PROJECT: None}


def _with_administrator(session: "Session") -> "Settings":
    from arena.actions.submit.defaults import with_administrator

    session.miss("arena-namespace")
    return with_administrator(session)


def _cell(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
