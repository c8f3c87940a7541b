"""arena stacks: show where the Python processes of a job are."""

from typing import TYPE_CHECKING, Any

import click

from arena.commands import _console, _flags, _log_options
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("stacks")
@_flags.job_argument()
@_flags.place_options
@_flags.rank_option
@click.option("--threads", is_flag=True, help="Show all threads, not only the main one.")
@click.option(
    "--signal",
    type=click.Choice(["USR1", "USR2"]),
    help="Ask faulthandler, which the program has registered for this signal, instead of py-spy.",
)
@_flags.output_option("table", "json", "yaml")
@pass_session
def command(
    session: "Session",
    name: str,
    kind: "Kind | None",
    threads: bool,
    signal: str | None,
    form: str,
    **where: Any,
) -> None:
    """Show the Python stacks of all ranks of a job, grouped, to see which rank hangs and where.

    Stacks are read by py-spy, which must be in the container; the program is not changed.

    \b
    arena stacks bert
    arena stacks bert --rank 0,4-7
    arena stacks bert -i worker-1 --threads
    arena stacks bert --signal USR1
    arena stacks bert -o json
    """
    from arena.actions.jobs.stacks.collect import stacks
    from arena.views import encode
    from arena.views import stacks as views

    wanted = _log_options.place(where)
    found = stacks(session, name, wanted, signal=signal or "", kind=kind)
    if form == "table":
        _console.page(views.page(found, threads=threads))
        for text in found.advice:
            _console.remark(text)
    else:
        _console.page(encode.encode(views.data(found, threads=threads), form))
