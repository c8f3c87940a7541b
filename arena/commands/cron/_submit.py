"""Submit a job on a schedule, or show what would be sent."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arena.commands import _console, _show, _submit
from arena.commands._progress import Live
from arena.commands._request import Output

if TYPE_CHECKING:
    from arena.actions.submit.request import Request
    from arena.kinds.cron import CronSpec
    from arena.model.crons import Cron
    from arena.session import Session


def run(session: "Session", given: Mapping[str, Any], request: "Request", output: Output) -> None:
    """Submit a job on a schedule, or show what would be sent.

    Args:
        given: options of the schedule by field, as text.
        request: the job; its file may hold options of the schedule, too.
    """
    from arena.actions.submit import schedule
    from arena.kinds import cron

    request, times, written = _divided(request, given)
    for remark in cron.remarks(times, written, session.now()):
        _console.remark(f"Warning: {remark}")
    tell = _console.remark
    if output.dry_run:
        server = output.dry_run == "server"
        plan = schedule.dry_run(session, request, times, server=server, tell=tell)
        _submit.show(session, plan, output)
        return
    with Live() as live:
        made = schedule.schedule(session, request, times, tell=live.clearing(tell), progress=live.show)
    _print(session, made, output.form)


def _divided(request: "Request", given: Mapping[str, Any]) -> "tuple[Request, CronSpec, str]":
    """The request of the job alone, the schedule, and its times as they were written."""
    from arena.kinds.cron import CronSpec
    from arena.kinds.levels import over
    from arena.kinds.spec import divide, parse

    own, rest = divide(CronSpec, request.file)
    words = over(CronSpec, own, given)
    return replace(request, file=rest), parse(CronSpec, words), str(words["schedule"])


def _print(session: "Session", made: "Cron", form: str | None) -> None:
    """Print the cron that was created, in the format of -o, or what to do next."""
    from arena.views.crons import CRONS

    if form:
        _show.show_one(session, CRONS, made, form)
        return
    _console.line(f"cron {made.kind} {made.name} submitted")
    where = "" if session.namespace == "default" else f" -n {session.namespace}"
    _console.remark(f"The cron {made.kind} {made.name} has been submitted successfully")
    _console.remark(f"You can run `arena cron get {made.name}{where}` to check the cron status")
