"""arena get: show everything about one training job."""

from typing import TYPE_CHECKING, Any

import click

from arena.commands import _console, _family
from arena.commands._globals import pass_session
from arena.commands._jobs import JOBS

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.session import Session


@click.command("get")
@_family.get_options(JOBS, "command")
@click.option("-g", "--gpus", is_flag=True, hidden=True, expose_value=False, help="GPUs are always shown.")
@pass_session
def command(session: "Session", name: str, kind: "Kind | None", form: str, **flags: Any) -> None:
    """Show a job: its status and the reason for it, its instances, GPUs, TensorBoard and events.

    \b
    arena get bert
    arena get bert -e
    arena get bert -o json
    arena get bert -o command
    """
    if form == "command":
        _show_command(session, name, kind)
    else:
        _family.get_object(session, JOBS, name, kind=kind, form=form, **flags)


def _show_command(session: "Session", name: str, kind: "Kind | None") -> None:
    """Print the command that would submit the job again, and on stderr what it omits."""
    from arena.actions.jobs import find, records, rerun
    from arena.actions.submit import settle
    from arena.labels import LOCAL_CWD

    of_kind, _, obj = find.find(session.cluster(), name, session.namespace, kind)
    _console.page(records.command(of_kind, obj, settle.configured(session, of_kind)))
    folder = rerun.surroundings(obj).get(LOCAL_CWD)
    if folder and folder != session.folder:
        _console.remark(f"the job was submitted in {folder}")
