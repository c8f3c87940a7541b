"""arena rerun: submit a job again, with changes."""

from typing import TYPE_CHECKING, Any

import click

from arena.commands import _console, _flags
from arena.commands._globals import pass_session
from arena.commands._jobs import JOBS
from arena.commands._kinds import sending
from arena.commands._spec import SpecCommand

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


class Rerun(SpecCommand):
    """Reads flags as submit does."""

    heading = "Options"


def _options(function: Any) -> Any:
    for option in reversed(sending(JOBS)):
        function = option(function)
    return function


@click.command("rerun", cls=Rerun)
@_flags.job_argument()
@_flags.kind_option
@click.option(
    "--set", "changes", multiple=True, metavar="KEY=VALUE", callback=_flags.settings,
    help="Change an option; KEY= resets it to its default.",
)  # fmt: skip
@click.option(
    "--name", "new", metavar="NAME", default=None, callback=_flags.job_name,
    help="Name of the new job; made from the old name by default.",
)  # fmt: skip
@_options
@pass_session
def command(
    session: "Session",
    name: str,
    kind: "Kind | None",
    changes: tuple[str, ...],
    new: str | None,
    **flags: Any,
) -> None:
    """Submit a job again with the options that are recorded with it.

    KEY is the name of a submit option without its dashes. If an option takes names with values, as env does,
    only the given name changes. Secrets are not recorded, so give them again. The new job uses the code of
    the old one, unless --set code=DIR packs a folder again.

    \b
    arena rerun bert
    arena rerun bert --set workers=4 --set env=LR=0.1 --name bert-wide
    arena rerun bert --replace --logs
    arena rerun bert --set secret=TOKEN --dry-run
    """
    from arena.actions.jobs import rerun
    from arena.commands._request import Output
    from arena.commands._submit import run

    shown = Output.of(flags)
    own = {flag: flags[flag] for flag in ("replace", "template", "patch")}
    again = rerun.Rerun(name, changes, new or "", **own)
    run(session, rerun.request(session, again, kind=kind, tell=_console.remark), shown, JOBS)
