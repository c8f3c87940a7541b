"""arena dashboard: look at jobs in a browser."""

import sys
from typing import TYPE_CHECKING

import click

from arena.commands import _console, _flags
from arena.commands._globals import pass_session

if TYPE_CHECKING:
    from arena.session import Session


@click.command("dashboard")
@_flags.everywhere_option
@_flags.local_port_option("port")
@_flags.open_option
@click.option(
    "--allow-changes",
    "changes",
    is_flag=True,
    help="Let the page suspend, resume and delete jobs, and suspend and resume crons.",
)
@pass_session
def command(session: "Session", everywhere: bool, port: int, browser: bool | None, changes: bool) -> None:
    """Serve a page with jobs, logs, curves, sweeps, servings, crons and nodes until Ctrl-C.

    The page is on this machine only, reads what you may read, and changes nothing without
    --allow-changes. Its link contains a token: whoever has the link can use the page.

    \b
    arena dashboard
    arena dashboard -A
    arena dashboard --port 8080 --no-open
    arena dashboard --allow-changes
    """
    from contextlib import nullcontext

    from arena.dashboard import opening
    from arena.dashboard.panel import Scope
    from arena.dashboard.routes import Routes
    from arena.dashboard.server import Server

    namespace = "all namespaces" if everywhere else f'namespace "{session.namespace}"'
    # The page itself says what is waited for.
    session.waiting, session.lost = None, lambda line: None
    routes = Routes(Scope(session=session, everywhere=everywhere, changes=changes))
    with Server(routes, port) as server:
        _console.line(server.link)
        sys.stdout.flush()
        _console.remark(f"serving {namespace} of {session.name}; press Ctrl-C to stop")
        routes.prepare()
        show = sys.stdout.isatty() if browser is None else browser
        with opening.opened(server.link, click.launch) if show else nullcontext():
            server.serve_forever(poll_interval=60.0)
