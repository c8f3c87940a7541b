"""What `cron KIND` does once the line is read: plan the job as submit does, and its schedule around it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from arena.commands import _submitting
from arena.commands._submitting import Wish

if TYPE_CHECKING:
    from arena.actions.plans import Plan
    from arena.kinds.kind import Kind
    from arena.session import Session


def run(session: "Session", kind: "Kind", given: Mapping[str, Any], wish: Wish) -> None:
    """Submit a job on a schedule, or show what would be sent.

    Args:
        given: options of the schedule by field, as text; those of the job are in the wish.
    """
    from arena.actions import crons
    from arena.kinds import cron
    from arena.kinds.spec import divide, over, parse

    _submitting.check_trial(wish)
    own, rest = divide(cron.CronSpec, _submitting.load(wish.file, kind) if wish.file else {})
    words = over(own, dict(given))
    times = parse(cron.CronSpec, words)
    job = over(rest, wish.given)
    if "name" not in job:
        job["name"] = _submitting.name_from(str(job.get("command", "")), kind.name, cron.room(kind.spec))
    wish = replace(wish, file=None, given=job)
    spec = _submitting.read(session, kind, wish)
    cron.check_name(spec)
    asks = wish.dry_run != "client"
    carrier = crons.require(session.cluster(), kind, times) if asks else None
    inner = _submitting.planned(session, kind, spec, wish)
    for remark in cron.remarks(times, str(words["schedule"]), session.now()):
        click.echo(f"Warning: {remark}", err=True)
    plan = crons.plan(inner, times, carrier)
    if asks:
        crons.check(session.cluster(), inner)
    if wish.dry_run:
        _submitting.show(session, plan, wish)
    else:
        _send(session, plan, wish)


def _send(session: "Session", plan: "Plan", wish: Wish) -> None:
    from arena.actions import crons
    from arena.views import crons as view
    from arena.views import encode

    click.echo(f"using {session.describe()}", err=True)
    made = crons.send(session.cluster(), plan, instead=wish.replace)
    if wish.form == "name":
        click.echo(made.name)
    elif wish.form:
        click.echo(encode.encode(view.data(made), wish.form))
    else:
        click.echo(f"cron {made.kind} {made.name} submitted")
        where = "" if session.namespace == "default" else f" -n {session.namespace}"
        click.echo(f"The cron {made.kind} {made.name} has been submitted successfully", err=True)
        click.echo(f"You can run `arena cron get {made.name}{where}` to check the cron status", err=True)
