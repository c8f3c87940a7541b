"""Change the number of workers of a running job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arena.actions.jobs import change
from arena.actions.jobs.change import Unchanged
from arena.errors import SpecError
from arena.kinds.kind import Kind
from arena.model.jobs import Job

if TYPE_CHECKING:
    from arena.session import Session


def scale(
    session: Session,
    name: str,
    workers: int,
    *,
    kind: Kind | str | None = None,
    unchanged: Unchanged = change.ignore,
) -> Job:
    """Change the number of workers of a running job.

    Args:
        workers: their new number, counted like --workers of its kind.
        kind: required if several kinds have a job of that name.
        unchanged: called with the job if it already has that many workers.

    Raises:
        NotFound, Conflict, MissingOperator: as `suspend`.
        SpecError: jobs of its kind cannot be scaled, or not to that number.
    """
    found = change.find_job(session, name, kind)
    if found.kind.scale is None:
        raise SpecError(
            f"the number of workers of a {found.kind.name} cannot be changed",
            f"start it again: arena rerun {found.aimed} --replace --set workers={workers}",
        )
    change.check_alive(found, "scaled")
    made = found.kind.scale(found.obj, workers)
    if made.patch is not None and change.has(found.obj, made.patch):
        return change.same(found.job, unchanged)
    return found.read(change.send(found, made, "scale it"))
