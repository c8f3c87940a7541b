"""arena why: explain why a job waits or fails."""

from typing import TYPE_CHECKING, Any

import click

from arena.commands import _complete, _console, _flags
from arena.commands._globals import Globals, named
from arena.commands.serve._family import version_option
from arena.errors import SpecError

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


def _names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of jobs, servings, sweeps and crons."""

    def read(session: "Session") -> list[str]:
        from arena.actions.diagnosis import subjects

        return subjects.names(session)

    return _complete.found(ctx, read, incomplete)


def _kinds(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Kinds of jobs and servings, and what else has a name."""
    from arena.actions.diagnosis import subjects

    return [one for one in subjects.words() if one.startswith(incomplete)]


def _kind(ctx: click.Context, param: click.Parameter, value: str | None) -> "Kind | str | None":
    from arena.actions.diagnosis import subjects

    try:
        return subjects.kind(value) if value else None
    except SpecError as error:
        raise click.BadParameter(f"{error.message}; {error.hint}", ctx, param) from error


@click.command("why")
@click.argument("name", metavar="[NAME]", default="", shell_complete=_names)
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
@click.option(
    "-T",
    "--type",
    "kind",
    metavar="KIND",
    default="",
    callback=_kind,
    shell_complete=_kinds,
    help="Select by kind, such as pytorchjob (py), or by serving, sweep or cron.",
)
@version_option
@_flags.output_option("table", "json", "yaml")
@click.pass_context
def command(
    ctx: click.Context, /, name: str, folder: str | None, save: str | None, form: str, **which: Any
) -> None:
    """Explain why a job waits or fails: the cause, what shows it, and what to run next.

    NAME is that of a job, a serving, a sweep, or a cron, whose last run is explained. The first of these that
    has the name is meant, unless -T says otherwise.

    \b
    arena why bert
    arena why bert -o json
    arena why digits -v 2
    arena why nightly -T cron
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
        found = why.why(chosen.connect(), name, save=save, **which)
    else:
        raise SpecError(
            "NAME is missing", "name a job, a serving, a sweep or a cron, or a folder with --from DIR"
        )
    if form == "table":
        _console.page(diagnoses.text(found))
    else:
        _console.page(encode.encode(diagnoses.data(found), form))
    if found.unread:
        more = f"; and {len(found.unread) - 3} more" if len(found.unread) > 3 else ""
        _console.remark(f"Warning: {'; '.join(found.unread[:3])}{more}")
