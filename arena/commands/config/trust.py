"""arena config trust: show a project's .arena.yaml and trust it."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arena.commands import _console, _flags
from arena.commands._globals import pass_session
from arena.errors import NotFound, SpecError

if TYPE_CHECKING:
    from arena.session import Session


@click.command("trust")
@click.argument("file", metavar="[FILE]", required=False, type=click.Path(readable=False))
@click.option("-y", "--yes", is_flag=True, help="Skip confirmation.")
@click.option("--revoke", is_flag=True, help="Stop trusting the file.")
@click.option("--list", "listing", is_flag=True, help="List trusted files.")
@pass_session
def command(session: "Session", file: str | None, yes: bool, revoke: bool, listing: bool) -> None:
    """Show a project's .arena.yaml and trust it until it changes or moves.

    FILE defaults to the nearest one in this directory or its parents. Settings that only describe jobs,
    such as workers and images, need no trust. Settings that can run code on this machine, read files,
    or choose another cluster or credentials are ignored until you trust the file.

    \b
    arena config trust
    arena config trust ~/src/bert/.arena.yaml --yes
    arena config trust --revoke
    arena config trust --list
    """
    from arena import trust

    if listing:
        _list(session)
        return
    path = _meant(session, file)
    if not revoke:
        _trust(session, path, yes)
    elif trust.revoke(session.environ, path):
        _console.remark(f"{path} is no longer trusted")
    else:
        _console.remark(f"{path} was not trusted")


def _meant(session: "Session", file: str | None) -> str:
    """The project file that the line names, as a file or its folder; else the nearest one."""
    from arena import config

    if file:
        named = str(Path(file).absolute())
        return os.path.join(named, config.PROJECT) if os.path.isdir(named) else named
    found = config.nearest(session.folder)
    if found is None:
        raise NotFound(
            f"no {config.PROJECT} in this directory or its parents", "give its path, or change to the project"
        )
    return found


def _trust(session: "Session", path: str, yes: bool) -> None:
    from arena import config, kinds, trust

    content, unsafe = config.project_file(path, kinds.is_safe)
    if not unsafe:
        _console.remark(f"nothing in {path} needs to be trusted")
    elif trust.is_trusted(session.environ, path, content):
        _console.remark(f"{path} is already trusted")
    else:
        _console.line(f"{path}:")
        _console.page(_indented(content))
        _console.line(f"Trusting it enables: {', '.join(sorted(unsafe))}")
        if not yes and not sys.stdin.isatty():
            raise SpecError(
                f"{path} was not trusted: there is no terminal to ask on", "review it, then pass -y"
            )
        if not yes:
            _flags.agreed("Trust it until it changes?")
        trust.trust(session.environ, path, content)
        _console.remark(f"{path} is trusted until it changes")


def _indented(content: bytes) -> str:
    return "\n".join(f"    {line}" for line in content.decode().splitlines() or [""])


def _list(session: "Session") -> None:
    from arena import trust

    found = trust.trusted(session.environ)
    for path, now in found:
        _console.line(path if now else f"{path} (its current content is not trusted)")
    if not found:
        _console.remark("no project files are trusted")
