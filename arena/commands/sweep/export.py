"""arena sweep export: write the trials as a table."""

from typing import TYPE_CHECKING

import click

from arena.commands import _console, _family
from arena.commands._globals import pass_session
from arena.commands.sweep._family import SWEEPS

if TYPE_CHECKING:
    from arena.session import Session


@click.command("export")
@_family.name_argument(SWEEPS)
@click.option("-o", "--output", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True,
              help="Output format.")  # fmt: skip
@pass_session
def command(session: "Session", name: str, form: str) -> None:
    """Print the trials of a sweep with their values, metrics and times, for spreadsheets and programs.

    \b
    arena sweep export digits > digits.csv
    arena sweep export digits -o json
    """
    from arena.actions.sweeps import export, find

    found = find.sweep(session, name)
    _console.missing(found.unread)
    _console.page(export.export(found, form), nl=False)
