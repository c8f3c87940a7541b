"""arena doctor: check a cluster and the way to it."""

import sys
from typing import TYPE_CHECKING

import click

from arena.commands import _console, _flags, _show
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.session import Session

FAILED = 1
"""The exit code of `doctor` if a check fails."""


@click.command("doctor")
@_flags.output_option("table", "json", "yaml", "name")
@pass_session
def command(session: "Session", form: str) -> int:
    """Check the cluster and the way to it: what works, what does not, and what to do about it.

    It looks at the connection, the clock, your permissions, operators, webhooks, nodes, accelerators, metrics
    and storage, and changes nothing. It exits with 1 if a check fails; warnings do not count. -o name prints
    the checks that found something.

    \b
    arena doctor
    arena doctor -n team-a
    arena doctor --context prod -o json
    """
    from arena.actions.doctor import examine
    from arena.model.checks import FAILURE, OK
    from arena.views.checks import CHECKS, line

    found = []
    for one in examine.examine(session):
        found.append(one)
        if form == "table":
            _console.page(line(one))
            sys.stdout.flush()
    if form != "table":
        shown = [one for one in found if form != "name" or one.state != OK]
        _show.show(session, CHECKS, shown, form)
    return FAILED if any(one.state == FAILURE for one in found) else 0
