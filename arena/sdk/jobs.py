"""Jobs are found, followed, waited for, changed, compared and deleted."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import timedelta

from arena import kinds
from arena.actions import (
    changes,
    differences,
    following,
    goals,
    overview,
    packing,
    parcels,
    pruning,
    training,
)
from arena.actions import events as remarks
from arena.actions import logs as streams
from arena.errors import NotFound
from arena.model import Difference, Event, Job, LogLine
from arena.session import Session


def jobs(session: Session, *, everywhere: bool = False, selector: str = "", kind: str = "") -> list[Job]:
    """The training jobs of the session's namespace, or of all, the newest first.

    Args:
        selector: labels that the jobs must have, such as `team=vision,stage!=test`.
        kind: only of this kind, such as `pytorchjob`.
    """
    namespace = None if everywhere else session.namespace
    return overview.jobs(session.cluster(), namespace, kind=kinds.named(kind), selector=selector)


def job(session: Session, name: str, *, kind: str = "") -> Job:
    """One job with its instances.

    Raises:
        NotFound: there is none.
        SpecError: several kinds have a job of that name, and none is named.
    """
    return training.job(session.cluster(), name, session.namespace, kinds.named(kind))


def events(session: Session, name: str, *, kind: str = "") -> list[Event]:
    """What the cluster remarked on a job and its instances, the oldest first; raises as `job`."""
    return remarks.events(session.cluster(), job(session, name, kind=kind))


def logs(
    session: Session, name: str, *, instance: str = "", tail: int | None = None, kind: str = ""
) -> Iterator[LogLine]:
    """The lines that a job has written so far, of all instances by time; raises as `job`.

    Args:
        instance: only the one called so: by name, place such as `worker-1`, role or number.
        tail: the last lines of each instance only.

    Raises:
        NotFound: it has no such instance.
        SpecError: several instances are called so.
    """
    options = streams.Options(instance=instance, tail=tail)
    return streams.lines(streams.read(session.cluster(), job(session, name, kind=kind), options))


def follow(session: Session, name: str, *, instance: str = "", kind: str = "") -> Iterator[LogLine]:
    """The lines of a job as they come, until it has ended; those written before come first."""
    options, of_kind = streams.Options(instance=instance), kinds.named(kind)
    for item in following.follow(session.cluster(), name, session.namespace, options, of_kind):
        if not isinstance(item, Job):
            yield from streams.lines([item])


def wait(
    session: Session,
    name: str,
    *,
    until: str = "",
    timeout: float | None = None,
    progress: Callable[[Job], None] = lambda job: None,
    kind: str = "",
) -> Job:
    """Wait until a job has succeeded, or come as far as `until`, and return it.

    Args:
        until: `phase=RUNNING`, `condition=Created` or the like, as for the command; "": its success.
        timeout: seconds; None: for ever.
        progress: called with the job whenever it changed and every second.

    Raises:
        JobFailed: it failed.
        TimedOut: it takes longer.
        NotFound: there is none, or it was deleted.
        ArenaError: it ended before it came as far.
    """
    goal = dataclasses.replace(goals.goal(until) if until else goals.END, within=timeout)
    ended = goals.wait(
        session.cluster(),
        [name],
        session.namespace,
        kind=kinds.named(kind),
        until=goal,
        progress=lambda found: progress(found[0]),
    )
    if not ended:
        raise NotFound(f'no job "{name}" in namespace "{session.namespace}"', "it is gone already")
    return goals.judged(ended[0], goal)


def delete(session: Session, name: str, *, kind: str = "") -> Job:
    """Delete a job and all that was made with it; raises as `job`."""
    return training.delete(session.cluster(), name, session.namespace, kinds.named(kind))


def prune(
    session: Session,
    since: timedelta,
    *,
    everywhere: bool = False,
    selector: str = "",
    kind: str = "",
    dry_run: bool = False,
) -> list[Job]:
    """Delete the jobs that ended at least that long ago, and return them; those that others made stay.

    Args:
        selector: labels that the jobs must have.
        dry_run: return them, and delete nothing.
    """
    cluster, namespace = session.cluster(), None if everywhere else session.namespace
    before = session.now() - since
    found = pruning.old(cluster, namespace, before, kind=kinds.named(kind), selector=selector).ours
    return list(found) if dry_run else pruning.removed(cluster, found)


def suspend(session: Session, name: str, *, kind: str = "") -> Job:
    """End a job's pods and keep the job, until it is resumed.

    Raises:
        NotFound: there is none.
        SpecError: jobs of its kind cannot be suspended.
        Conflict: it has ended.
    """
    return changes.suspend(session.cluster(), name, session.namespace, kinds.named(kind)).job


def resume(session: Session, name: str, *, kind: str = "") -> Job:
    """Start a suspended job again, once its pods of before have ended; raises as `suspend`."""
    return changes.resume(session.cluster(), name, session.namespace, kinds.named(kind)).job


def scale(session: Session, name: str, workers: int, *, kind: str = "") -> Job:
    """Change how many workers a job has while it runs; raises as `suspend`, of scaling."""
    return changes.scale(session.cluster(), name, session.namespace, workers, kinds.named(kind)).job


def adopt(session: Session, name: str, *, kind: str = "") -> Job:
    """Label a job that others made as arena's own; what it runs is not touched.

    Raises:
        NotFound: there is none.
        Conflict: another tool says that it manages the job.
    """
    return changes.adopt(session.cluster(), name, session.namespace, kinds.named(kind)).job


def release(session: Session, name: str, *, kind: str = "") -> Job:
    """Take the labels of `adopt` off again; Conflict where arena submitted the job."""
    return changes.release(session.cluster(), name, session.namespace, kinds.named(kind)).job


def restore(session: Session, name: str, folder: str, *, over: bool = False, kind: str = "") -> list[str]:
    """Restore the code of a job that was submitted with its code; the files, by their path in the folder.

    Args:
        folder: is made where it is not there.
        over: whether files that are there may be replaced.

    Raises:
        NotFound: there is no such job, or its code is not kept.
        Conflict: the folder has files.
        SpecError: it cannot be written.
    """
    cluster = session.cluster()
    _, _, obj = training.find(cluster, name, session.namespace, kinds.named(kind))
    found = parcels.wanted(cluster, obj)
    packing.unpack(found, folder, over=over)
    return [one.path for one in found.files]


def diff(session: Session, left: str, right: str) -> list[Difference]:
    """In what two jobs differ, names aside; NotFound where one does not exist."""
    return differences.jobs(session.cluster(), left, right, session.namespace)
