"""arena serve wait: wait until servings are ready or deleted."""

from time import monotonic
from typing import TYPE_CHECKING

import click

from arena.commands import _bulk, _complete, _console, _family, _flags
from arena.commands._globals import pass_session, patience_option
from arena.commands.serve._family import SERVINGS, version_option
from arena.errors import SpecError

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("wait")
@_family.names_argument(SERVINGS)
@_family.kind_option(SERVINGS)
@version_option
@click.option("--for", "goal", type=click.Choice(["ready", "deleted"]), default="ready", show_default=True,
              shell_complete=_complete.values("ready", "deleted"), help="State to wait for.")  # fmt: skip
@click.option("--timeout", default=None, metavar="TIME", callback=_flags.duration,
              help="Give up after this time, such as 90s or 2h.")  # fmt: skip
@patience_option
@pass_session
def command(
    session: "Session",
    names: tuple[str, ...],
    version: str,
    goal: str,
    timeout: int | None,
    kind: "Kind | None" = None,
) -> int:
    """Wait until servings are ready: all instances answer and are of the newest revision.

    Exit with 7 if the cluster gives up a rollout, and with 6 on timeout.

    \b
    arena serve wait digits
    arena serve wait digits -v 2 --timeout 5m && arena serve get digits -v 2
    arena serve wait digits --for deleted
    """
    from arena.actions.serving import wait
    from arena.commands.serve._waiting import shown

    if not names:
        raise SpecError("no serving given", "name one or more; arena serve list shows them")
    end = None if timeout is None else monotonic() + timeout

    def act(name: str) -> None:
        left = None if end is None else max(0.0, end - monotonic())
        found = shown(
            lambda report: wait.wait(
                session, name, until=goal, timeout=left, version=version, kind=kind, progress=report
            )
        )
        _console.line(f"serving {found.title} ready" if found else f"serving {name} deleted")

    return _bulk.each(dict.fromkeys(names), act)
