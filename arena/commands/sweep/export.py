"""arena sweep export: write the trials for other programs."""

from typing import TYPE_CHECKING

import click

from arena.commands import _console, _family, _flags
from arena.commands._globals import pass_session
from arena.commands.sweep._family import SWEEPS
from arena.errors import SpecError

if TYPE_CHECKING:
    from arena.session import Session


@click.command("export")
@_family.name_argument(SWEEPS)
@click.option("-o", "--output", "form", type=click.Choice(["csv", "json", "optuna"]), default="csv",
              show_default=True,
              help="Output format; `optuna` is a study in an SQLite database, as optuna-dashboard opens it.",
)  # fmt: skip
@click.option("--file", "path", metavar="FILE.db|csv|json", callback=_flags.validated("text"),
              help="File to save.  [default: standard output, or for optuna the sweep's name and .db]",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@pass_session
def command(session: "Session", name: str, form: str, path: str | None, force: bool) -> None:
    """Write the trials of a sweep with their values, metrics and times, for other programs.

    \b
    arena sweep export digits > digits.csv
    arena sweep export digits -o json
    arena sweep export digits -o optuna --file study.db
    """
    from arena.actions.sweeps import export, find, study

    if form == "optuna":
        path = path or f"{name}.db"
    if path == "-":
        if form == "optuna":
            raise SpecError("-o optuna needs a file", "give another --file than -")
        path = None
    if path:
        export.check_new(path, over=force)
    found = find.sweep(session, name)
    _console.missing(found.unread)
    if path is None:
        _console.page(export.export(found, form), nl=False)
        return
    if form == "optuna":
        study.save(found, path, over=force)
    else:
        export.save(found, path, form, over=force)
    _console.remark(f"saved {path}")
