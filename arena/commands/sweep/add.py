"""arena sweep add: run a trial with values that you choose."""

from typing import TYPE_CHECKING

import click

from arena.commands import _console, _family, _flags
from arena.commands._globals import pass_session
from arena.commands.sweep._family import SWEEPS, values_of

if TYPE_CHECKING:
    from arena.session import Session


@click.command("add")
@_family.name_argument(SWEEPS)
@click.option("--set", "values", multiple=True, metavar="PARAM=VALUE", callback=_flags.settings,
              help="Value of a parameter; those with a single value may be missing.")  # fmt: skip
@click.option("--again", is_flag=True, help="Run it although a trial has had these values.")
@_flags.output_option("json", "yaml", "name", default=None)
@pass_session
def command(session: "Session", name: str, values: tuple[str, ...], again: bool, form: str | None) -> None:
    """Run a trial with these values in a sweep that runs or has ended; exit 7 if it fails.

    The values must be in the space of the sweep. The trial counts as any other: in a sweep that has not begun
    all its trials, it is one of them, and otherwise one more. It begins at once, also beyond --parallel.

    Katib's algorithms fail on trials that they have not suggested, so it is for sweeps without Katib.

    \b
    arena sweep add digits --set lr=0.01 --set batch=32
    arena sweep add digits --set lr=0.01 --set batch=32 --again -o json
    """
    from arena.actions.sweeps import add
    from arena.errors import JobFailed, aimed
    from arena.views import encode, sweeps

    made = add.add(session, name, values_of(values), again=again, tell=_console.remark)
    if form == "name":
        _console.line(made.name)
    elif form:
        _console.page(encode.encode(sweeps.trial_data(made, session.now()), form))
    else:
        _console.line(f"trial {made.number} of sweep {name} {made.status}")
    if not made.succeeded:
        more = aimed(name, session.namespace)
        raise JobFailed(
            f'trial {made.number} of sweep "{name}" failed: {made.reason}',
            f"arena sweep why {more} {made.number}",
        )
