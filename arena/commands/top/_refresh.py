"""Print a text once, or repeatedly with --refresh."""

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from arena.commands import _console

if TYPE_CHECKING:
    from arena.model.jobs import Job
    from arena.model.partial import Partial, Unread

INTERVAL = 2.0
"""Seconds between two updates."""
refresh_option = click.option("-r", "--refresh", is_flag=True, help="Refresh every 2 seconds until Ctrl-C.")


def show(refresh: bool, read: Callable[[], str]) -> None:
    """Print what `read` returns; with `refresh` repeatedly, on a terminal in the same place."""
    from arena.commands._progress import redraw, redraws

    lines = 0
    while True:
        text = read()
        if refresh and redraws(sys.stdout):
            lines = redraw(text, lines)
        else:
            _console.page(text)
        if not refresh:
            return
        sys.stdout.flush()
        time.sleep(INTERVAL)


def warn(told: "list[Unread]", form: str, *readings: "Partial[object] | Job") -> None:
    """Print what the answer in this format lacks, unless all of it was reported (`told`) before."""
    missing = [one for found in readings for one in found.unread]
    if not set(missing) <= set(told):
        _console.unread(*readings, form="table" if form == "wide" else form)  # neither shows reasons
        told.extend(missing)
