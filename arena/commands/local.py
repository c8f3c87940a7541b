"""arena local: the local cluster: start, stop, look after it."""

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from arena._version import VERSION
from arena.commands import _flags
from arena.commands._aliases import Aliased
from arena.commands._globals import Globals, pass_session
from arena.errors import ArenaError, Conflict, SpecError

if TYPE_CHECKING:
    from arena.local.daemon import Server, Status
    from arena.session import Session


@contextlib.contextmanager
def _mapped() -> Iterator[None]:
    """Errors of the local cluster's house as arena's own."""
    from arena.local.daemon import DaemonError

    try:
        yield
    except DaemonError as error:
        raise ArenaError(error.message, error.hint) from error


def _ensure(session: "Session") -> "Server":
    """The server, started as every other command would start it."""
    from arena.local import daemon

    with _mapped():
        return daemon.ensure(VERSION, session.settings.text("local-gpus"))


@click.group("local", cls=Aliased)
def command() -> None:
    """Look after the local cluster: jobs as processes of this machine, no Kubernetes needed.

    It starts by itself when a command needs it and ends by itself when it was idle for half an hour.
    Programs in it run as you, without isolation; images are recorded, not run.
    """


@command.command()
@pass_session
def start(session: "Session") -> None:
    """Start it, or find that it runs; with -n there is that namespace, too.

    \b
    arena local start
    arena local start -n team-a
    """
    server = _ensure(session)
    word = "started" if server.fresh else "already runs"
    click.echo(f"local cluster {word} (pid {server.pid}, port {server.port})")
    namespace = click.get_current_context().find_root().ensure_object(Globals).namespace
    if namespace:
        word = "made" if _make(namespace) else "is there"
        click.echo(f"namespace {namespace} {word}")


def _make(namespace: str) -> bool:
    """Whether the local cluster had to make the namespace."""
    from arena import resources
    from arena.origin import LOCAL, Choice
    from arena.session import start

    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    try:
        start(Choice(context=LOCAL)).cluster().create(resources.NAMESPACES, None, body)
    except Conflict:
        return False
    return True


@command.command()
@click.option("--pods", is_flag=True, help="End the pods' processes, too; they go on otherwise.")
def stop(pods: bool) -> None:
    """Stop its server; what runs in pods goes on and is found again, unless --pods.

    \b
    arena local stop
    arena local stop --pods
    """
    from arena.local import daemon

    with _mapped():
        stopped = daemon.stop(pods)
    click.echo("local cluster stopped" if stopped else "local cluster does not run")


@command.command()
@_flags.output_option("table", "json", "yaml")
def status(form: str) -> None:
    """Show whether it runs, and what it holds.

    \b
    arena local status
    arena local status -o json
    """
    from arena.local import daemon
    from arena.views import encode

    with _mapped():
        found = daemon.status()
    if form != "table":
        click.echo(encode.encode(_facts(found), form))
    elif found is None:
        click.echo("local cluster does not run; it starts when a command needs it")
    else:
        click.echo(_page(found))
        click.echo("Programs in it run as you, without isolation.")


def _facts(found: "Status | None") -> dict[str, Any]:
    if found is None:
        return {"running": False}
    return {
        "running": True,
        "home": str(found.home),
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


@command.command()
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def reset(yes: bool) -> None:
    """Stop it, end every process of its pods, and forget all jobs, logs and volumes.

    \b
    arena local reset -y
    """
    from arena.local import daemon

    if not yes:
        if not sys.stdin.isatty():
            raise SpecError(
                "all jobs of the local cluster would go and there is no terminal to ask on", "add -y"
            )
        _flags.agreed(f"Remove all jobs, logs and volumes in {daemon.state_dir()}?")
    with _mapped():
        daemon.reset()
    click.echo("local cluster reset")


@command.command()
@click.option("-f", "--follow", is_flag=True, help="Stay, and show what comes.")
@click.option(
    "-t",
    "--tail",
    type=click.IntRange(min=0),
    default=100,
    show_default=True,
    metavar="N",
    help="The last N lines.",
)
def logs(follow: bool, tail: int) -> None:
    """Show what its server logged.

    \b
    arena local logs
    arena local logs -f
    """
    from collections import deque
    from threading import Event

    from arena.local import daemon

    path = daemon.state_dir() / "server.log"
    if not path.exists():
        click.echo("the local cluster has never run", err=True)
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        click.echo("".join(deque(file, maxlen=tail)), nl=False)
        while follow:
            if text := file.read():
                click.echo(text, nl=False)
            Event().wait(0.2)


@command.command()
@click.option("--path", is_flag=True, help="The file's name alone.")
@pass_session
def kubeconfig(session: "Session", path: bool) -> None:
    """Print its kubeconfig, for kubectl and other tools.

    \b
    export KUBECONFIG=$(arena local kubeconfig --path)
    kubectl get pods
    """
    from arena.local import daemon

    _ensure(session)
    with _mapped():
        file = daemon.kubeconfig()
    click.echo(file if path else file.read_text(encoding="utf-8"), nl=path)
