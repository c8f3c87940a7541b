"""Flags of the commands that show logs."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from arena.commands import _console, _flags
from arena.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from arena.actions.jobs.logs.lines import Options
    from arena.actions.jobs.logs.selection import Selection
    from arena.commands._log_printer import Sink
    from arena.session import Session

PULSE = 0.25
"""Seconds without a line after which followers look at those that wait."""
F = TypeVar("F", bound=Callable[..., Any])


def options(follow: str) -> Callable[[F], F]:
    """The flags that select lines and say how to show them.

    Args:
        follow: the help of `-f`.
    """
    return _flags.decorated(
        click.option("-f", "--follow", is_flag=True, help=follow),
        click.option(
            "--since", "since_seconds", metavar="TIME", callback=_flags.duration,
            help="Show lines of the last TIME, such as 10m.",
        ),
        click.option(
            "--since-time", metavar="TIME", callback=_flags.moment,
            help="Show lines since this time: RFC 3339, or as get prints it.",
        ),
        click.option(
            "-t", "--tail", type=click.IntRange(min=-1), default=-1, metavar="N",
            callback=lambda ctx, param, value: None if value < 0 else value,
            help="Show the last N lines of each instance.",
        ),
        click.option("--timestamps", "stamps", is_flag=True, help="Show the time of each line."),
        click.option("-p", "--previous", is_flag=True,
                     help="Show the previous run of each instance; see --attempt."),
        click.option(
            "--attempt", type=click.IntRange(min=1), metavar="N",
            help="Show run N of each instance, counting from 1; restarts and replacement pods count as runs.",
        ),
        click.option("--grep", metavar="REGEX", callback=_flags.pattern,
                     help="Show only the lines in which REGEX is found."),
        click.option("--collapse", is_flag=True,
                     help="Show the same line of several instances once, with their number."),
        click.option("--first-error", "first", is_flag=True,
                     help="Show the earliest exception of all instances; with -f, after all lines."),
        click.option("--prefix/--no-prefix", default=None,
                     help="Begin each line with the name of its instance."),
    )  # fmt: skip


def read(session: "Session", follow: bool, wanted: "Mapping[str, Any]") -> "tuple[Options, Sink]":
    """The requested logs, and what prints their lines; raises SpecError if two flags exclude each other."""
    from arena.commands._log_printer import Sink

    shown = {flag: wanted[flag] for flag in ("prefix", "stamps", "grep", "collapse", "first")}
    chosen = {flag: value for flag, value in wanted.items() if flag not in shown}
    # Lines that wait for others like them are released also while nothing comes.
    found = place({**chosen, "pulse": PULSE if shown["collapse"] else None})
    if found.since_seconds is not None and found.since_time:
        raise SpecError("--since and --since-time are mutually exclusive", "give one of them")
    if found.previous and found.attempt is not None:
        raise SpecError("--previous and --attempt are mutually exclusive", "give one of them")
    if session.namespace.isdigit():
        number = session.namespace
        _console.remark(f"-n {number} is a namespace; to show the last {number} lines, use -t {number}")
    prefix = False if found.instance and shown["prefix"] is None else shown["prefix"]
    if not (shown["grep"] or shown["collapse"] or shown["first"]):
        return found, Sink(prefix=prefix, stamps=shown["stamps"])
    return found, Sink(prefix=prefix, stamps=shown["stamps"], selection=_selection(shown, found, follow))


def _selection(shown: "Mapping[str, Any]", found: "Options", follow: bool) -> "Selection":
    from arena.actions.jobs.logs.collapse import Collapse
    from arena.actions.jobs.logs.first_error import FirstError
    from arena.actions.jobs.logs.selection import Selection

    return Selection(
        pattern=shown["grep"],
        collapse=Collapse(found, follow=follow) if shown["collapse"] else None,
        first=FirstError() if shown["first"] else None,
        only_first=shown["first"] and not follow,
    )


def place(wanted: "Mapping[str, Any]") -> "Options":
    """The options of these flags; raises SpecError if they select instances in two ways."""
    from arena.actions.jobs.logs.lines import Options

    found = Options(**wanted)
    if found.instance and found.ranks:
        raise SpecError("--instance and --rank are mutually exclusive", "give one of them")
    return found
