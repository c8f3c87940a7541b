"""arena sweep import: let the search learn from jobs that have ended."""

from typing import TYPE_CHECKING

import click

from arena.commands import _complete, _console, _family, _flags
from arena.commands._globals import pass_session
from arena.commands.sweep._family import SWEEPS, values_of

if TYPE_CHECKING:
    from arena.session import Session


@click.command("import")
@_family.name_argument(SWEEPS)
@click.argument("jobs", metavar="JOB...", nargs=-1, required=True, shell_complete=_complete.jobs)
@click.option("--set", "values", multiple=True, metavar="PARAM=VALUE", callback=_flags.settings,
              help="Value of a parameter that the options of the jobs do not tell.")  # fmt: skip
@_flags.output_option("json", "yaml", default=None)
@pass_session
def command(
    session: "Session", name: str, jobs: tuple[str, ...], values: tuple[str, ...], form: str | None
) -> None:
    """Let the search of a sweep learn from jobs that have succeeded, as from trials.

    Their values are those that stand in their command and environment where the sweep has placeholders, and
    their metrics are read from their logs. The jobs stay as they are, are not deleted with the sweep, and
    count for none of its limits. Katib knows only trials of its own, so this is for sweeps without Katib.

    \b
    arena sweep import digits bert-1 bert-2
    arena sweep import digits bert-1 --set lr=0.01
    """
    from arena.actions.sweeps import imports
    from arena.views import encode, sweeps

    _console.remark(f"using {session.describe()}")
    made = imports.import_jobs(session, name, jobs, values_of(values))
    if form:
        whole = [sweeps.trial_data(one, session.now()) for one in made]
        _console.page(encode.encode(whole, form))
        return
    for one in made:
        _console.line(f"job {one.job} imported into sweep {name} ({sweeps.achieved(one)})")
