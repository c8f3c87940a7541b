"""arena sweep best: show the best trial, and how to submit it for real."""

from typing import TYPE_CHECKING

import click

from arena.commands import _console, _family, _flags
from arena.commands._globals import named, pass_session
from arena.commands.sweep._family import SWEEPS, trial_argument

if TYPE_CHECKING:
    from arena.actions.sweeps.best import Best
    from arena.session import Session


@click.command("best")
@_family.name_argument(SWEEPS)
@trial_argument("best")
@click.option("--name", "new", metavar="NAME", default=None, callback=_flags.job_name,
              help="Name of the job.  [default: that of the sweep, and -best]")  # fmt: skip
@click.option(
    "--files",
    "folder",
    metavar="DIR",
    default=None,
    callback=named,
    help="Save the config files that have values of the trial there, for `command`.",
)
@click.option("-o", "--output", "form", type=click.Choice(["table", "command", "yaml", "json"]),
              default="table", show_default=True,
              help="Output format: `command` submits the same job, `yaml` and `json` are its manifest.",
)  # fmt: skip
@pass_session
def command(
    session: "Session", name: str, trial: str, new: str | None, folder: str | None, form: str
) -> None:
    """Show the best trial of a sweep, or another one, and print the job that does the same.

    \b
    arena sweep best digits
    arena sweep best digits -o command
    arena sweep best digits 7 -o yaml
    arena sweep best digits -o command --files best
    """
    from arena.actions.sweeps import best

    found = best.best(session, name, trial, new=new or "")
    if folder is not None:
        found = best.with_files(found, folder)
    if form == "command":
        _console.line(best.command(session, found))
    elif form == "table":
        _show(session, found)
    else:
        from arena import manifests
        from arena.views import encode

        made = best.manifest(found)
        _console.page(
            manifests.dump([made]) if form == "yaml" else encode.encode(made, "json"), nl=form == "json"
        )


def _show(session: "Session", found: "Best") -> None:
    from arena.views import sweeps

    _console.page(sweeps.trial_page(found.trial, session.now()))
