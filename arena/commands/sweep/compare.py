"""arena sweep compare: show trials side by side."""

from typing import TYPE_CHECKING

import click

from arena.commands import _console, _flags
from arena.commands._globals import pass_session
from arena.commands.sweep._family import contenders_argument

if TYPE_CHECKING:
    from arena.session import Session


@click.command("compare")
@contenders_argument
@_flags.output_option("table", "json", "yaml")
@pass_session
def command(session: "Session", words: tuple[str, ...], form: str) -> None:
    """Compare the best trials of several sweeps, or trials of one: their metrics, and the values that differ.

    A sweep stands for its best trial, or is followed by numbers of its trials. The best value of a metric is
    marked with *.

    \b
    arena sweep compare digits digits-tpe
    arena sweep compare digits 3 7
    arena sweep compare digits best 3 digits-tpe -o json
    """
    from arena.actions.sweeps import compare
    from arena.views import encode, sweep_comparison

    found = compare.compare(session, words)
    for each in dict.fromkeys(one.sweep.unread for one in found):
        _console.missing(each)
    if form == "table":
        _console.page(sweep_comparison.table(found, session.now()))
    else:
        _console.page(encode.encode(sweep_comparison.data(found, session.now()), form))
