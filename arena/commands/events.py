"""arena events: show what the cluster recorded about jobs."""

import sys
from typing import TYPE_CHECKING, Any

import click

from arena.commands import _complete, _console, _flags, _show
from arena.commands._globals import pass_session, patience_option
from arena.errors import SpecError

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.model.events import Event
    from arena.session import Session


@click.command("events")
@click.argument("name", metavar="[JOB]", required=False, shell_complete=_complete.jobs)
@_flags.kind_option
@_flags.everywhere_option
@click.option("--warnings", is_flag=True, help="Leave out events that only tell normal progress.")
@click.option("-w", "--watch", is_flag=True, help="Keep watching, and print each new event.")
@_flags.output_option("table", "json", "yaml")
@patience_option
@pass_session
def command(
    session: "Session", name: str | None, warnings: bool, watch: bool, form: str, **scope: Any
) -> None:
    """Show the events of a job, its pods and its queue, the oldest first; without JOB, all of the namespace.

    Clusters usually keep events for an hour.

    \b
    arena events bert
    arena events bert -w
    arena events --warnings -A
    arena events bert -o json
    """
    if name and scope["everywhere"]:
        raise SpecError("-A and JOB are mutually exclusive", "use -n NAMESPACE to choose the job's namespace")
    if scope["kind"] and not name:
        raise SpecError("-T needs the JOB whose kind it is")
    if watch:
        _watch(session, name, warnings, form, **scope)
    else:
        _show_all(session, name, warnings, form, **scope)


def _show_all(
    session: "Session", name: str | None, warnings: bool, form: str, *, kind: "Kind | None", everywhere: bool
) -> None:
    from arena.actions.diagnosis import events
    from arena.actions.jobs import find
    from arena.views.events import EVENTS

    job = find.job(session, name, kind=kind, partial=True) if name else None
    if job:
        _console.unread(job)
    found = _chosen(events.events(session, job, everywhere=everywhere), warnings)
    if name and not found and form == "table":
        missing = "warnings" if warnings else "events"
        _console.remark(f'no {missing} about job "{name}"; clusters forget them soon')
    else:
        _show.show(session, EVENTS, found, form, everywhere=everywhere)


def _chosen(found: "list[Event]", warnings: bool) -> "list[Event]":
    return [one for one in found if not warnings or one.type != "Normal"]


def _watch(session: "Session", name: str | None, warnings: bool, form: str, **scope: Any) -> None:
    from arena.actions.diagnosis import live_events
    from arena.views import encode
    from arena.views.events import EVENTS, line

    for found in live_events.live(session, name, **scope):
        for one in _chosen(found, warnings):
            if form == "table":
                _console.line(line(one, everywhere=scope["everywhere"]))
            else:
                text = encode.encode(EVENTS.data(one, session.now()), form)
                _console.page(("---\n" if form == "yaml" else "") + text)
        sys.stdout.flush()
