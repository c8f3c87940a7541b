"""Old jobs: find those that ended long ago, and delete them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from arena import kinds
from arena.actions.deletion import Removal
from arena.actions.jobs import find, listing
from arena.errors import Conflict, NotFound
from arena.kinds.kind import Kind
from arena.model.jobs import Job
from arena.model.partial import Partial, Unread

if TYPE_CHECKING:
    from arena.session import Session


@dataclass(frozen=True, slots=True)
class Old:
    """Jobs that ended before a moment."""

    ours: Sequence[Job]
    """Those that arena created or adopted, the newest first."""
    others: Sequence[Job]
    """Those of other tools, which are kept."""
    unread: Sequence[Unread] = ()
    """The types that this user may not list."""


def prune(
    session: Session,
    since: timedelta,
    *,
    everywhere: bool = False,
    selector: str = "",
    kind: Kind | str | None = None,
    dry_run: bool = False,
) -> Partial[Job]:
    """Delete the jobs that ended at least that long ago, and return them; keep those of other tools.

    If this user may not list some types, they are in `unread` of the result. Nothing is deleted if
    the cluster refuses the deletion of a job of any kind.

    Args:
        everywhere: include every namespace.
        selector: labels that the jobs must have.
        kind: delete only jobs of this kind.
        dry_run: return the jobs and delete nothing.

    Raises:
        NotAllowed: this user may list no type, or may not delete some of the jobs.
        TimedOut: finalizers hold some of them.
    """
    ended = old(session, since, everywhere=everywhere, selector=selector, kind=kind)
    if dry_run:
        return Partial(ended.ours, ended.unread)
    check(session, ended.ours)
    removal, found = Removal(session.cluster()), []
    for one in ended.ours:
        with suppress(NotFound, Conflict):
            remove(removal, one)
            found.append(one)
    removal.wait()
    return Partial(found, ended.unread)


def check(session: Session, jobs: Iterable[Job]) -> None:
    """Check that one job of each kind and namespace may be deleted, without deleting it.

    Raises:
        NotAllowed: the cluster refuses the deletion of one.
    """
    trial = Removal(session.cluster(), dry_run=True)
    for one in {(job.kind, job.namespace): job for job in jobs}.values():
        with suppress(NotFound, Conflict):
            remove(trial, one)


def old(
    session: Session,
    since: timedelta,
    *,
    everywhere: bool = False,
    selector: str = "",
    kind: Kind | str | None = None,
    detailed: bool = True,
) -> Old:
    """Return the jobs that ended at least that long ago; the arguments are those of `prune` and `jobs`."""
    before = session.now() - since
    found = listing.jobs(session, everywhere=everywhere, selector=selector, kind=kind, detailed=detailed)
    ended = [job for job in found if job.phase.is_final and job.finished and job.finished < before]
    ours, others = [job for job in ended if job.managed], [job for job in ended if not job.managed]
    return Old(ours, others, found.unread)


def remove(removal: Removal, job: Job) -> None:
    """Delete exactly this job, with everything that was created with it.

    Raises:
        NotFound: it is gone.
        Conflict: another job has taken its name.
    """
    _, resource, obj = find.find(removal.cluster, job.name, job.namespace, kinds.find(job.kind))
    removal.delete(resource, {**obj["metadata"], "uid": job.uid}, f"{job.kind} {job.name}")
