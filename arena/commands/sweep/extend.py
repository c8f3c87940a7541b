"""arena sweep extend: run more trials."""

from typing import TYPE_CHECKING

import click

from arena.commands import _console, _family
from arena.commands._globals import pass_session
from arena.commands.sweep._family import SWEEPS

if TYPE_CHECKING:
    from arena.session import Session


@click.command("extend")
@_family.name_argument(SWEEPS)
@click.option("--max-trials", type=click.IntRange(min=1), metavar="N", required=True,
              help="Number of all trials, including those that have ended.")  # fmt: skip
@pass_session
def command(session: "Session", name: str, max_trials: int) -> None:
    """Let a sweep run more trials, also after its end if it is resumable.

    \b
    arena sweep extend digits --max-trials 100
    """
    from arena.actions.sweeps import change

    _console.remark(f"using {session.describe()}")
    found = change.extend(session, name, max_trials)
    _console.line(f"sweep {found.name} extended to {max_trials} trials")
