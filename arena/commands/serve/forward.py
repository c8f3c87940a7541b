"""arena serve forward: forward a local port to the ready instances of a serving."""

import sys
from typing import TYPE_CHECKING, Any

import click

from arena.commands import _console, _family, _flags
from arena.commands._globals import pass_session
from arena.commands.serve._family import SERVINGS, version_option

if TYPE_CHECKING:
    from arena.session import Session


@click.command("forward")
@_family.name_argument(SERVINGS)
@_family.kind_option(SERVINGS)
@version_option
@_flags.local_port_option("local")
@click.option(
    "--remote-port",
    "port",
    default="",
    metavar="PORT|NAME",
    callback=_flags.validated("label"),
    help="Port of the serving.  [default: that for HTTP]",
)
@pass_session
def command(session: "Session", name: str, **where: Any) -> None:  # fmt: skip
    """Forward a local port to the ready instances of a serving until Ctrl-C.

    Each new connection goes to the next ready instance, so the port outlives restarts and updates. With none
    ready, connections wait for one.

    \b
    arena serve forward digits
    arena serve forward digits -v 2 --port 8080
    arena serve forward digits --remote-port grpc-serving
    """
    from arena.actions.serving import forward

    with forward.forward(session, name, **where) as opened:
        _console.line(opened.address)
        sys.stdout.flush()
        _console.remark(f"forwarding to {_instances(opened.number)}; press Ctrl-C to stop")
        number, told = opened.number, ""
        while True:
            opened.wait(1.0)
            if opened.number != number:
                number = opened.number
                _console.remark(f"forwarding to {_instances(number)}")
            if opened.last_fault != told:
                told = opened.last_fault
                _console.remark(told)


def _instances(number: int) -> str:
    return "1 ready instance" if number == 1 else f"{number or 'no'} ready instances"
