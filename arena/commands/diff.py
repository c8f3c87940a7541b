"""arena diff: compare two jobs."""

from typing import TYPE_CHECKING

import click

from arena.commands import _flags, _show
from arena.commands._complete import jobs
from arena.commands._globals import pass_session, readable
from arena.errors import SpecError

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.model.differences import Difference
    from arena.session import Session

DIFFERENT = 1
"""The exit code of `diff` if something differs."""


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
    """Compare the options and the status of two jobs; exit 1 if they differ, else 0.

    If arena did not submit both jobs, their objects are compared instead.

    \b
    arena diff bert bert-wide
    arena diff bert -f job.yaml
    arena diff bert bert-wide -o json
    """
    from arena.views import differences

    if bool(other) is bool(file):
        raise SpecError(f'"{name}" can be compared with one job or file', "give one other JOB, or -f FILE")
    right = other or str(file)
    found = _with_file(session, name, right, kind) if file else _with_job(session, name, right, kind)
    _show.show(session, differences.between(name, right), found, form)
    return DIFFERENT if found else 0


def _with_job(session: "Session", name: str, other: str, kind: "Kind | None") -> "list[Difference]":
    from arena.actions.jobs import diff

    return diff.diff(session, name, other, kind=kind)


def _with_file(session: "Session", name: str, file: str, kind: "Kind | None") -> "list[Difference]":
    """Read the file as submit does, including configured defaults."""
    from arena.actions.jobs import diff, find
    from arena.actions.submit.request import Request, load
    from arena.actions.submit.settle import settle

    of_kind, _, _ = find.find(session.cluster(), name, session.namespace, kind)
    settled = settle(session, Request(kind=of_kind, file=load(file, of_kind)))
    return diff.with_spec(session, name, of_kind, settled.spec)
