"""arena sweep get: show a sweep and its trials."""

from typing import TYPE_CHECKING, Any

import click

from arena.commands import _family
from arena.commands._globals import pass_session, patience_option
from arena.commands.sweep._family import SWEEPS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from arena.model.sweeps import Sweep
    from arena.session import Session


@click.command("get")
@_family.get_options(SWEEPS)
@click.option("-w", "--watch", is_flag=True, help="Keep watching until the sweep has ended.")
@patience_option
@pass_session
def command(session: "Session", watch: bool, **flags: Any) -> None:
    """Show a sweep: its limits, the importance of its parameters, and its trials.

    The best trial comes first and is marked with *; with several metrics, all trials are marked than which no
    other is better in every metric. The importance is the share of a parameter in what the results differ by.

    On the local cluster, running trials have the best value that they have reported so far.

    \b
    arena sweep get digits
    arena sweep get digits -w
    arena sweep get digits -e
    arena sweep get digits -o json
    """
    if watch:
        _watch(session, flags["name"], flags["form"])
    else:
        _family.get_object(session, SWEEPS, **flags)


def _watch(session: "Session", name: str, form: str) -> None:
    from functools import partial

    from arena.commands import _show
    from arena.commands.list import follow

    show = partial(_show.text_of_one, session, SWEEPS.noun(), form=form)
    follow(_states(session, name), show, "---\n" if form == "yaml" else "")


def _states(session: "Session", name: str) -> "Iterator[Sweep]":
    from arena.actions.sweeps import find, wait
    from arena.actions.sweeps.importance import weighed

    for found in wait.follow(session, name):
        yield weighed(find.observed(session.cluster(), found))
