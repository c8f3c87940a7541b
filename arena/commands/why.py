"""arena why: explain why a job waits or fails."""

from typing import TYPE_CHECKING

import click

from arena.commands import _complete, _console, _flags
from arena.commands._globals import Globals, named
from arena.errors import SpecError

if TYPE_CHECKING:
    from arena.kinds.kind import Kind


@click.command("why")
@click.argument("name", metavar="[JOB]", default="", shell_complete=_complete.jobs)
@click.option(
    "--from",
    "folder",
    metavar="DIR",
    type=click.Path(),
    callback=named,
    help="Explain what --save or kubectl cluster-info dump has written to this folder, without a cluster.",
)
@click.option(
    "--save",
    metavar="DIR",
    type=click.Path(),
    callback=named,
    help="Save what was looked at in this new folder, without secrets, for --from.",
)
@_flags.kind_option
@_flags.output_option("table", "json", "yaml")
@click.pass_context
def command(
    ctx: click.Context, name: str, folder: str | None, save: str | None, kind: "Kind | None", form: str
) -> None:
    """Explain why a job waits or fails: the cause, what shows it, and the commands to run next.

    \b
    arena why bert
    arena why bert -o json
    arena why bert --save dump
    arena why bert --from dump
    """
    from arena.actions.diagnosis import why
    from arena.views import diagnoses, encode

    chosen = ctx.find_root().ensure_object(Globals)
    if folder is not None and save is not None:
        raise SpecError("--from and --save are mutually exclusive")
    if folder is not None:
        found = why.why_folder(folder, name, namespace=chosen.namespace or "")
    elif name:
        found = why.why(chosen.connect(), name, kind=kind, save=save)
    else:
        raise SpecError("JOB is missing", "name a job, or a folder with --from DIR")
    if form == "table":
        _console.page(diagnoses.text(found))
    else:
        _console.page(encode.encode(diagnoses.data(found), form))
    if found.unread:
        _console.remark(f"Warning: {'; '.join(found.unread[:3])}")
