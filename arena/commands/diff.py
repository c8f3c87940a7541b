"""arena diff: how two jobs differ."""

from typing import TYPE_CHECKING

import click

from arena.commands import _flags
from arena.commands._complete import jobs
from arena.commands._globals import pass_session, readable
from arena.errors import SpecError

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.model import Difference
    from arena.session import Session

DIFFERENT = 1
"""The exit code of `diff` where something differs."""


@click.command("diff")
@_flags.job_argument()
@click.argument("other", metavar="[JOB]", required=False, shell_complete=jobs)
@click.option("-f", "--file", "file", metavar="FILE", type=click.Path(), callback=readable,
              help="Compare with a job file instead.")  # fmt: skip
@_flags.kind_option
@_flags.output_option("table", "json", "yaml")
@pass_session
def command(
    session: "Session", name: str, other: str | None, file: str | None, kind: "Kind | None", form: str
) -> int:
    """Show in which options two jobs differ, and how each stands; exit 1 where they differ, else 0.

    Where arena did not submit both, what their objects ask for is compared.

    \b
    arena diff bert bert-wide
    arena diff bert -f job.yaml
    arena diff bert bert-wide -o json
    """
    from arena.views import differences, encode

    if bool(other) is bool(file):
        raise SpecError(f'"{name}" is to be compared with one thing', "name another job, or a file with -f")
    right = other or str(file)
    found = _with_file(session, name, right, kind) if file else _with_job(session, name, right, kind)
    if form != "table":
        click.echo(encode.encode([differences.data(one) for one in found], form))
    elif found:
        click.echo(differences.table(found, name, right))
    else:
        click.echo(f"{name} and {right} do not differ", err=True)
    return DIFFERENT if found else 0


def _with_job(session: "Session", name: str, other: str, kind: "Kind | None") -> "list[Difference]":
    from arena.actions import differences

    return differences.jobs(session.cluster(), name, other, session.namespace, kind)


def _with_file(session: "Session", name: str, file: str, kind: "Kind | None") -> "list[Difference]":
    """The file is read as submit reads it, configured defaults and all."""
    from arena.actions import differences, training
    from arena.commands._wish import Wish, read

    of_kind, _, _ = training.find(session.cluster(), name, session.namespace, kind)
    spec = read(session, of_kind, Wish(file=file))
    return differences.with_spec(session.cluster(), name, session.namespace, of_kind, spec)
