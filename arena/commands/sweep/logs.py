"""arena sweep logs (log): show the log of a trial."""

from typing import TYPE_CHECKING, Any

import click

from arena.commands import _console, _family, _flags, _log_options
from arena.commands._globals import pass_session, patience_option
from arena.commands.sweep._family import SWEEPS, trial_argument

if TYPE_CHECKING:
    from arena.model.sweeps import Trial
    from arena.session import Session


@click.command("logs")
@_family.name_argument(SWEEPS)
@trial_argument("")
@_flags.instance_option
@_flags.container_option
@_flags.rank_option
@_log_options.options("Follow until the trial ends; exit 7 if it fails.")
@patience_option
@pass_session
def command(session: "Session", name: str, trial: str, follow: bool, **wanted: Any) -> None:
    """Show the log of a trial: of the one that was started last, or of TRIAL, by its number or name.

    \b
    arena sweep logs digits
    arena sweep logs digits -f
    arena sweep logs digits best
    arena sweep logs digits 7 -t 50
    """
    from dataclasses import replace

    from arena.actions.sweeps import jobs

    one = _trial(session, name, trial)
    job = jobs.job(session, one)
    follow = follow and not wanted["previous"] and wanted["attempt"] is None
    options, sink = _log_options.read(session, follow, wanted)
    options = replace(options, container=options.container or jobs.container(job))
    from arena.actions.sweeps.find import kind_of_trial
    from arena.commands import logs

    _console.remark(f"trial {one.number} of sweep {name}: {one.name}")
    if follow:
        logs.stream(session, one.job, kind_of_trial(one), options, sink)
    else:
        logs.show(session, one.job, kind_of_trial(one), options, sink)


def _trial(session: "Session", name: str, word: str) -> "Trial":
    from arena.actions.sweeps import find, jobs

    found = find.sweep(session, name)
    return find.trial(found, word) if word else jobs.latest(found)
