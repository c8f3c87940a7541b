"""What `cron KIND` does once the line is read: plan the job as submit does, and its schedule around it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from arena.commands import _submitting, _wish
from arena.commands._wish import Wish

if TYPE_CHECKING:
    from arena.actions.plans import Plan
    from arena.kinds.cron import CronSpec
    from arena.kinds.kind import Kind
    from arena.kinds.training.base import TrainingSpec
    from arena.session import Session


def run(session: "Session", kind: "Kind", given: Mapping[str, Any], wish: Wish) -> None:
    """Submit a job on a schedule, or show what would be sent.

    Args:
        given: options of the schedule by field, as text; those of the job are in the wish.
    """
    from arena.kinds import cron

    schedule, times, wish = _divided(session, kind, given, wish)
    spec = _wish.read(session, kind, wish)
    plan = _planned(session, kind, spec, times, wish)
    for remark in cron.remarks(times, schedule, session.now()):
        click.echo(f"Warning: {remark}", err=True)
    if wish.dry_run:
        _submitting.show(session, plan, wish)
    else:
        _send(session, plan, wish)


def _divided(
    session: "Session", kind: "Kind", given: Mapping[str, Any], wish: Wish
) -> "tuple[str, CronSpec, Wish]":
    """The schedule as it was written, what it means, and the wish with the options of the job alone."""
    from arena.kinds import cron
    from arena.kinds.spec import divide, over, parse

    own, rest = divide(cron.CronSpec, _wish.load(wish.file, kind) if wish.file else {})
    words = over(own, dict(given))
    times = parse(cron.CronSpec, words)
    wish = replace(wish, file=None, given=over(rest, wish.given))
    wish = replace(wish, given=_wish.words(session, kind, wish, cron.room(kind.spec)))
    cron.check_name(kind.spec, wish.given["name"])
    return str(words["schedule"]), times, wish


def _planned(session: "Session", kind: "Kind", spec: "TrainingSpec", times: "CronSpec", wish: Wish) -> "Plan":
    """What would be sent; the cluster, where it is asked, has found the job inside acceptable."""
    from arena.actions import crons

    if wish.dry_run == "client":
        return crons.plan(_submitting.planned(session, kind, spec, wish), times)
    crons.require(session.cluster(), kind, times)  # before code is packed in vain
    return crons.accepted(session.cluster(), _submitting.planned(session, kind, spec, wish), times)


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
