"""arena code: restore the code that a job was submitted with."""

from typing import TYPE_CHECKING, Any

import click

from arena.commands import _console, _flags
from arena.commands._globals import named, pass_session
from arena.errors import SpecError
from arena.values import frozen

if TYPE_CHECKING:
    from arena.actions.submit.code.archive import Archive
    from arena.kinds.kind import Kind
    from arena.session import Session


@frozen
class _How:
    """The flags of a restore."""

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
    help="Folder to restore the code to.  [default: JOB-code]",
)
@click.option("--force", is_flag=True, help="Replace files in a folder that is not empty.")
@click.option("--list", "lists", is_flag=True, help="List the files without restoring them.")
@click.option(
    "--send",
    metavar="DIR",
    type=click.Path(),
    callback=named,
    help="Send this folder to instances that wait for code too large to be kept in the cluster.",
)
@_flags.output_option("json", "yaml", "name", default=None)
@pass_session
def command(session: "Session", name: str, kind: "Kind | None", send: str | None, **flags: Any) -> None:
    """Restore the code of a job that was submitted with --code.

    The cluster keeps the code as long as a job that uses it exists, whether or not the job has ended.

    Code that is larger than 14 MB when packed is not kept: submit sends it to the instances. An instance
    that starts later, such as a replacement, waits an hour for --send.

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
        raise SpecError("--send and --dir, --force or --list are mutually exclusive", "omit the latter")
    else:
        _send(session, name, kind, send)


def _restore(session: "Session", name: str, kind: "Kind | None", how: _How) -> None:
    from arena.actions.jobs import code
    from arena.actions.submit.code import archive

    found = code.kept(session, name, kind=kind)
    _console.remark(found.summary)
    where = how.folder or f"{name}-code"
    if not how.lists:
        archive.unpack(found, where, over=how.force)
    _show(found, where, how.form, lists=how.lists)


def _send(session: "Session", name: str, kind: "Kind | None", folder: str) -> None:
    from arena.actions.submit.code import upload

    _console.remark(f"using {session.describe()}")
    count = upload.again(session.cluster(), name, session.namespace, folder, kind)
    _console.line(f"sent to {count} instance" + "s" * (count != 1))


def _show(found: "Archive", where: str, form: str | None, *, lists: bool) -> None:
    from arena.views import encode

    if form in ("json", "yaml"):
        files = [{"path": one.path, "size": one.size, "mode": f"{one.mode:o}"} for one in found.files]
        whole = {"digest": found.digest, "origin": dict(found.origin), "files": files}
        _console.page(encode.encode(whole if lists else {"folder": where, **whole}, form))
    elif lists:
        for one in found.files:
            _console.line(one.path)
    else:
        _console.line(where if form else f"restored in {where}")
