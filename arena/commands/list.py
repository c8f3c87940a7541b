"""arena list (ls): the training jobs of a namespace."""

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from arena.commands import _flags
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.model import Job
    from arena.session import Session


@click.command("list")
@_flags.everywhere_option
@_flags.kind_option
@_flags.selector_option("Only jobs with these labels: a=b,c!=d.")
@_flags.output_option(default=None)
@click.option("-w", "--watch", is_flag=True, help="Stay, and show every change.")
@pass_session
def command(
    session: "Session", everywhere: bool, kind: "Kind | None", selector: str, form: str | None, watch: bool
) -> None:
    """List training jobs, the newest first; those that others made, too.

    \b
    arena list
    arena list -A -o wide
    arena list -T pytorchjob -l team=vision
    arena list -w
    arena list -o json
    """
    from arena.actions import overview

    namespace = None if everywhere else session.namespace
    form = form or session.settings.text("output") or "table"
    show = _shower(session, form, everywhere)
    if watch:
        tick = 1.0 if sys.stdout.isatty() else None
        states = overview.live(
            session.cluster(), namespace, kind=kind, selector=selector, tick=tick, remark=_warn
        )
        follow(states, show, "---\n" if form == "yaml" else "")
        return
    jobs = overview.jobs(session.cluster(), namespace, kind=kind, selector=selector, remark=_warn)
    if not jobs and form in ("table", "wide", "name"):
        where = "any namespace" if everywhere else f'namespace "{session.namespace}"'
        click.echo(f"no training jobs in {where} of {session.name}", err=True)
        return
    click.echo(show(jobs))


def _warn(text: str) -> None:
    click.echo(f"Warning: left out, as {text}", err=True)


def _shower(session: "Session", form: str, everywhere: bool) -> Callable[["list[Job]"], str]:
    from arena.commands._live import room
    from arena.views import encode, jobs, table

    def show(found: "list[Job]") -> str:
        now = session.now()
        if form == "name":
            return "\n".join(job.name for job in found)
        if form in ("json", "yaml"):
            return encode.encode([jobs.data(job, now) for job in found], form)
        view = jobs.columns(jobs.JOBS, everywhere=everywhere)
        return table.render(view, found, now, wide=form == "wide", within=room())

    return show


def follow(states: Iterator["list[Job]"], show: Callable[["list[Job]"], str], head: str = "") -> None:
    """On a terminal redraw in place; piped, print what is there whenever it changed, after `head`."""
    from arena.commands._live import redraw

    lines, last = 0, ""
    for jobs in states:
        text = show(jobs)
        if sys.stdout.isatty():
            lines = redraw(text, lines)
        elif text != last:
            click.echo(head + text)
            sys.stdout.flush()
        last = text
