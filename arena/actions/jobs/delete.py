"""Delete jobs, or only the instances that outlive them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from arena import kinds
from arena.actions.deletion import Removal
from arena.actions.jobs import find, lingering
from arena.errors import Conflict, NotFound, aimed
from arena.kinds.kind import Kind
from arena.model.findings import STILL_RUNNING
from arena.model.instances import Instance
from arena.model.jobs import Job, Phase
from arena.resources import PODS

if TYPE_CHECKING:
    from arena.session import Session


def delete(
    session: Session, name: str, *, still_running: bool = False, kind: Kind | str | None = None
) -> Job:
    """Delete a job and everything that was created with it, and return it as it last was.

    Args:
        still_running: delete only the instances that outlive the job, and keep the job.

    Raises:
        NotFound, SpecError: as `job`.
        TimedOut: a finalizer holds it.
        Conflict: `still_running` was given and the job has not ended.
    """
    if still_running:
        delete_lingering(session, name, kind=kind)
        return find.job(session, name, kind=kind)
    removal = Removal(session.cluster())
    deleted = remove(removal, name, session.namespace, kinds.named(kind))
    removal.wait()
    return deleted


def remove(removal: Removal, name: str, namespace: str, kind: Kind | None = None, title: str = "") -> Job:
    """Delete a job as part of a larger removal, and return it as it last was.

    Args:
        title: what messages call its kind, instead of the kind's name.

    Raises:
        NotFound: there is no such job.
    """
    kind, resource, obj = find.find(removal.cluster, name, namespace, kind)
    removal.delete(resource, obj["metadata"], f"{title or kind.name} {name}")
    return replace(kind.read(obj, []), phase=Phase.STOPPING)


def delete_lingering(session: Session, name: str, *, kind: Kind | str | None = None) -> list[Instance]:
    """Delete the instances that outlive their job, and return them; keep the job and all others.

    Raises:
        NotFound: there is no such job.
        Conflict: it has not ended, or its operator would recreate them.
    """
    job = find.job(session, name, kind=kind)
    if not job.phase.is_final:
        raise Conflict(
            f'job "{name}" has not ended: it is {job.phase.value}',
            f"arena delete {aimed(name, job.namespace)} deletes it with all its instances",
        )
    if job.survivors and lingering.are_recreated(job):
        found = job.finding(STILL_RUNNING)
        raise Conflict(f'the operator of job "{name}" recreates its instances', found.remedy if found else "")
    for one in job.survivors:
        with suppress(NotFound, Conflict):
            session.cluster().delete(PODS, job.namespace, one.name, uid=one.uid)
    return list(job.survivors)
