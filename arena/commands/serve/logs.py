"""arena serve logs (log): show the logs of a serving."""

from typing import TYPE_CHECKING, Any

import click

from arena.commands import _console, _family, _flags, _log_options
from arena.commands._globals import pass_session, patience_option
from arena.commands.serve._family import SERVINGS, version_option
from arena.errors import NotFound

if TYPE_CHECKING:
    from arena.actions.jobs.logs.lines import Options
    from arena.commands._log_printer import Sink
    from arena.model.jobs import Job
    from arena.session import Session


@click.command("logs")
@_family.name_argument(SERVINGS)
@_family.kind_option(SERVINGS)
@version_option
@_flags.instance_option
@_flags.container_option
@_log_options.options("Follow until the serving is deleted.")
@patience_option
@pass_session
def command(session: "Session", name: str, follow: bool, **wanted: Any) -> None:
    """Show the logs of all instances of a serving.

    \b
    arena serve logs digits
    arena serve logs digits -v 2 -f
    arena serve logs digits --previous
    arena serve logs digits -f --grep "POST|error"
    arena serve logs digits --since 10m --timestamps
    """
    where: dict[str, Any] = {flag: wanted.pop(flag) for flag in ("version", "kind") if flag in wanted}
    follow = follow and not wanted["previous"] and wanted["attempt"] is None
    options, sink = _log_options.read(session, follow, wanted)
    if follow:
        _stream(session, name, where, options, sink)
    else:
        _print(session, name, where, options, sink)


def _print(session: "Session", name: str, where: dict[str, Any], options: "Options", sink: "Sink") -> None:
    from arena.actions.jobs.logs import snapshot
    from arena.actions.serving import instances

    found, empty = instances.job(session, name, **where), True
    sink.learn(found)
    for block in snapshot.read(session.cluster(), found, options):
        sink.write(block)
        empty = False
    sink.end()
    if empty and options.previous:
        _console.remark(f'no earlier logs of "{name}": none of its instances has restarted')
    elif empty:
        _console.remark(f'no logs of "{name}" yet' + _waiting(found))


def _stream(session: "Session", name: str, where: dict[str, Any], options: "Options", sink: "Sink") -> None:
    from dataclasses import replace

    from arena.actions.serving import logs
    from arena.commands._progress import Live
    from arena.model.jobs import Job

    options = replace(options, unfinished=sink.redraws)
    with Live() as live:
        for item in sink.ending(logs.blocks(session, name, options, **where)):
            if isinstance(item, Job):
                sink.learn(item)
                if item.ready:
                    live.clear()
                else:
                    text = f"{item.name}: no instance is ready{_waiting(item)}"
                    live.show(text, text)
            else:
                live.clear()
                sink.write(item)
    sink.end()
    raise NotFound(f'serving "{name}" was deleted from namespace "{session.namespace}"')


def _waiting(found: "Job") -> str:
    """Why its instances do not run."""
    told = next((one for one in found.instances if not one.is_ready), None)
    return f": {told.name} is {told.status}" if told else ""
