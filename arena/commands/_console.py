"""Print text for people, with control characters of foreign text escaped.

The output of the user's program goes through `_log_printer`, or to a terminal attached to an instance.
"""

import errno
import io
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TextIO

import click

from arena import visible
from arena.commands._progress import colour, redraws
from arena.errors import ArenaError

if TYPE_CHECKING:
    from arena.actions.jobs.prune import Old
    from arena.model.jobs import Job
    from arena.model.partial import Partial, Unread


def line(text: str = "", *, err: bool = False) -> None:
    """Print a line of the result on stdout, or with `err` on stderr."""
    _write(visible.line(text) + "\n", sys.stderr if err else sys.stdout)


def remark(text: str = "") -> None:
    """Print a line on stderr."""
    line(text, err=True)


def notice(text: str) -> None:
    """Print a line on stderr, on a terminal over what a status line shows there."""
    start = "\r\x1b[K" if redraws(sys.stderr) else ""
    _write(f"{start}{visible.line(text)}\n", sys.stderr)


def names(texts: Iterable[str]) -> None:
    """Print texts on stdout, one on each line."""
    _write("".join(f"{visible.line(text)}\n" for text in texts), sys.stdout)


def page(text: str, *, nl: bool = True, err: bool = False) -> None:
    """Print text of several lines on stdout, or with `err` on stderr."""
    _write(visible.page(text) + "\n" * nl, sys.stderr if err else sys.stdout)


def coloured(text: str) -> None:
    """Print lines on stdout with the colours in them, and no other control sequences."""
    _write("".join(f"{visible.output(one)}\n" for one in text.split("\n")), sys.stdout)


def remedy(*jobs: "Job") -> None:
    """Print how to end the instances that outlive their jobs, and how to see where a silent job is."""
    from arena.model.findings import SILENT, STALLED, STILL_RUNNING

    for found in (job.finding(id) for job in jobs for id in (STILL_RUNNING, STALLED, SILENT)):
        if found and found.remedy:
            remark(found.remedy)


def unread(*readings: "Partial[object] | Old | Job", form: str = "table") -> None:
    """Print on one line of stderr what could not be read, if anything.

    Args:
        form: the format of the answer; names come without instances, and a table without reasons.
    """
    unshown = {"table": ("reasons",), "name": ("reasons", "pods")}.get(form, ())
    missing([one for found in readings for one in found.unread if one.what not in unshown])


def missing(unread: "Sequence[Unread]") -> None:
    """Print on one line of stderr that this could not be read, if anything."""
    if unread:
        from arena.views.unread import line

        remark(f"Warning: {line(unread)}")


def error(found: ArenaError, *, coloured: bool = False) -> None:
    """Format an error and its hint; further lines of either are indented, so that none can be forged."""
    bright = coloured and colour() is None and sys.stderr.isatty()
    text = f"{click.style('Error:', fg='red') if bright else 'Error:'} {_indented(found.message)}\n"
    _write(text + (f"Hint: {_indented(found.hint)}\n" if found.hint else ""), sys.stderr)


def misuse(found: click.ClickException) -> None:
    """Format click's message about a wrong command line."""
    text = io.StringIO()
    found.show(text)
    page(text.getvalue(), nl=False, err=True)


def _indented(text: str) -> str:
    return visible.page(text).replace("\n", "\n  ")


def _write(text: str, stream: TextIO) -> None:
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        # What is only remarked must not decide how a command ends; without a reader it ends as usual.
        if stream is not sys.stderr or error.errno == errno.EPIPE:
            raise
