"""arena local status: show whether the local cluster runs, and what it holds."""

from typing import TYPE_CHECKING, Any

import click

from arena.commands import _console, _flags
from arena.commands.local._server import mapped

if TYPE_CHECKING:
    from arena.local.daemon import Status


@click.command("status")
@_flags.output_option("table", "json", "yaml")
def command(form: str) -> None:
    """Show whether the local cluster runs, and what it holds.

    \b
    arena local status
    arena local status -o json
    """
    from arena.local import daemon
    from arena.views import encode

    with mapped():
        found = daemon.status()
    if form != "table":
        _console.page(encode.encode(_facts(found), form))
    elif found is None:
        _console.line("local cluster does not run; it starts when a command needs it")
    else:
        _console.page(_page(found))
        _console.line("Programs in it run as you, without isolation.")


def _facts(found: "Status | None") -> dict[str, Any]:
    if found is None:
        return {"running": False}
    return {
        "running": True,
        "home": found.home,
        "pid": found.pid,
        "port": found.port,
        "version": found.version,
        "uptimeSeconds": int(found.uptime),
        "pods": found.pods,
        "memoryBytes": found.memory,
        "idleSeconds": int(found.idle),
    }


def _page(found: "Status") -> str:
    from arena import units
    from arena.views import table

    rows = [
        ("Status", "running"),
        ("Pid", found.pid),
        ("Port", found.port),
        ("Version", found.version),
        ("Uptime", units.age(found.uptime)),
        ("Pods", found.pods),
        ("Memory", f"{found.memory / 1e6:.0f} MB"),
        ("Ends after", f"{units.age(found.idle)} idle" if found.idle else "never"),
        ("Home", found.home),
    ]
    return table.pairs(rows)
