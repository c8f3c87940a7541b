"""arena list (ls): list training jobs."""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click

from arena.commands import _console, _family, _show
from arena.commands._globals import pass_session, patience_option
from arena.commands._jobs import JOBS

if TYPE_CHECKING:
    from arena.model.jobs import Job
    from arena.model.partial import Partial, Unread
    from arena.session import Session

T = TypeVar("T")


@click.command("list")
@_family.list_options(JOBS)
@click.option("-w", "--watch", is_flag=True, help="Keep watching, and show every change.")
@patience_option
@pass_session
def command(session: "Session", watch: bool, **flags: Any) -> None:
    """List training jobs, the newest first, including those that other tools created.

    \b
    arena list
    arena list -A -o wide
    arena list -T pytorchjob -l team=vision
    arena list -w
    arena list -o json
    """
    if watch:
        _watch(session, **flags)
    else:
        _family.list_objects(session, JOBS, **flags)


def _watch(session: "Session", form: str | None, everywhere: bool, **flags: Any) -> None:
    from arena.actions.jobs import live
    from arena.commands._progress import redraws

    form = form or session.settings.text("output") or "table"
    tick = 1.0 if redraws(sys.stdout) else None
    states = live.live(session, tick=tick, **_family.scope(everywhere, **flags))
    show = partial(_show.text, session, JOBS.noun(), form=form, everywhere=everywhere)
    follow(_warned(states, form), show, "---\n" if form == "yaml" else "")


def _warned(states: "Iterator[Partial[Job]]", form: str) -> "Iterator[Partial[Job]]":
    """Yield the states; before them, report whatever else could not be read."""
    told: set[Unread] = set()
    for jobs in states:
        if told < told.union(jobs.unread):
            told.update(jobs.unread)
            _console.unread(jobs, form=form)
        yield jobs


def follow(states: "Iterator[T]", show: "Callable[[T], str]", head: str = "") -> None:
    """Redraw in place on a terminal; elsewhere print every change, preceded by `head`."""
    from arena.commands._progress import redraw, redraws

    lines, last = 0, ""
    for state in states:
        text = show(state)
        if redraws(sys.stdout):
            lines = redraw(text, lines)
        elif text != last:
            _console.page(head + text)
            sys.stdout.flush()
        last = text
