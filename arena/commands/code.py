"""arena code: restore the code that a job was submitted with."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from arena.commands import _flags
from arena.commands._globals import named, pass_session
from arena.errors import SpecError

if TYPE_CHECKING:
    from arena.actions.packing import Archive
    from arena.kinds.kind import Kind
    from arena.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class _How:
    """What is done with the code: where it goes, over what, and what is printed."""

    folder: str | None
    force: bool
    lists: bool
    form: str | None


@click.command("code")
@_flags.job_argument()
@_flags.kind_option
@click.option(
    "-d",
    "--dir",
    "folder",
    metavar="DIR",
    type=click.Path(),
    callback=named,
    help="Folder to restore it in, instead of JOB-code here.",
)
@click.option("--force", is_flag=True, help="Replace files in a folder that is not empty.")
@click.option("--list", "lists", is_flag=True, help="Only show the files.")
@click.option(
    "--send",
    metavar="DIR",
    type=click.Path(),
    callback=named,
    help="Send this folder to instances that wait for it, as code too large to be kept is.",
)
@_flags.output_option("json", "yaml", "name", default=None)
@pass_session
def command(session: "Session", name: str, kind: "Kind | None", send: str | None, **flags: Any) -> None:
    """Restore the code of a job that was submitted with --code, as it was then.

    It is kept in the cluster as long as a job that has it is there, finished or not.

    What is too large for that (14 MB packed) is sent to the instances by submit. One that came later, such
    as in place of a lost one, waits an hour for --send.

    \b
    arena code bert
    arena code bert -d /tmp/bert
    arena code bert --list
    arena code bert --send .
    """
    how = _How(**flags)
    if not send:
        _restore(session, name, kind, how)
    elif how.folder or how.force or how.lists:
        raise SpecError("--send does not go together with --dir, --force or --list", "leave them away")
    else:
        _send(session, name, kind, send)


def _restore(session: "Session", name: str, kind: "Kind | None", how: _How) -> None:
    from arena.actions import packing, parcels, training

    _, _, obj = training.find(session.cluster(), name, session.namespace, kind)
    found = parcels.wanted(session.cluster(), obj)
    click.echo(found.summary, err=True)
    where = how.folder or f"{name}-code"
    if not how.lists:
        packing.unpack(found, where, over=how.force)
    _show(found, where, how.form, lists=how.lists)


def _send(session: "Session", name: str, kind: "Kind | None", folder: str) -> None:
    from arena.actions import sending

    click.echo(f"using {session.describe()}", err=True)
    count = sending.again(session.cluster(), name, session.namespace, folder, kind)
    click.echo(f"sent to {count} instance" + "s" * (count != 1))


def _show(found: "Archive", where: str, form: str | None, *, lists: bool) -> None:
    from arena.views import encode

    if form in ("json", "yaml"):
        files = [{"path": one.path, "size": one.size, "mode": f"{one.mode:o}"} for one in found.files]
        whole = {"digest": found.digest, "origin": dict(found.origin), "files": files}
        click.echo(encode.encode(whole if lists else {"folder": where, **whole}, form))
    elif lists:
        for one in found.files:
            click.echo(one.path if one.path.isprintable() else json.dumps(one.path))
    else:
        click.echo(where if form else f"restored in {where}")
