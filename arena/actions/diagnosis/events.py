"""The events of a job, its pods and what belongs to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from functools import cache
from typing import TYPE_CHECKING, Any

from arena import kinds, units
from arena.digits import whole
from arena.model.events import Event
from arena.model.jobs import Job
from arena.resources import EVENTS

if TYPE_CHECKING:
    from arena.kinds.kind import Kind
    from arena.kube import Cluster
    from arena.session import Session

Object = dict[str, Any]


def events(
    session: Session,
    job: Job | str | None = None,
    *,
    kind: Kind | str | None = None,
    everywhere: bool = False,
) -> list[Event]:
    """Return the events of a job, of its pods and of other objects that belong to it, the oldest first.

    All events of the namespace are read in one request and filtered here, since a field selector takes only
    one object.

    Args:
        job: the job, or its name; None for all events of the namespace.
        kind: required if several kinds have a job of that name.
        everywhere: whether to return the events of all namespaces, if no job is given.

    Raises:
        NotFound, SpecError: as `job`.
    """
    if isinstance(job, str):
        from arena.actions.jobs import find  # which imports this module

        job = find.job(session, job, kind=kind)
    namespace = job.namespace if job else None if everywhere else session.namespace
    listed = session.cluster().list(EVENTS, namespace)
    return in_order(event for event in listed if job is None or concerns(event, job, uids(job)))


def uids(job: Job) -> frozenset[str]:
    """The uids of a job and its pods."""
    return frozenset([job.uid, *(one.uid for one in job.instances)])


def concerns(event: Object, job: Job, members: Set[str]) -> bool:
    """Whether an event is about a job or what belongs to it.

    Args:
        members: the uids of the job and of the pods it has or had.
    """
    about = event.get("involvedObject", {})
    return about.get("uid") in members or (_is_beside(about, job) and not _earlier(read(event), job))


def in_order(found: Iterable[Object]) -> list[Event]:
    """Read events, the oldest first."""
    # Times are whole seconds; within a second, the order of writing decides.
    every = [read(event) for event in sorted(found, key=_written)]
    return sorted(every, key=lambda event: (event.last is None, event.last))


def of(cluster: Cluster, namespace: str, uid: str) -> list[Event]:
    """The events of one object, the oldest first."""
    return in_order(cluster.list(EVENTS, namespace, fields=f"involvedObject.uid={uid}"))


def _is_beside(about: Object, job: Job) -> bool:
    """Whether an object has the name of the job, or one that its queue or gang derives from it."""
    kind, name = about.get("kind"), about.get("name") or ""
    if kind == "Workload":
        # Kueue adds the type as a prefix and a few digits at the end.
        return bool(re.fullmatch(rf"[a-z]+-{re.escape(job.name)}-[0-9a-f]{{5}}", name))
    if kind == "PodGroup" and name in (f"{job.name}-{job.uid}", f"podgroup-{job.uid}"):
        return True
    if kind in _jobs() and kind not in _made_by(job):
        return False  # a job of another type that has the same name
    return kind != "Pod" and name in (job.name, f"{job.name}-launcher", f"{job.name}-tensorboard")


def _made_by(job: Job) -> tuple[str, ...]:
    return next((one.makes for one in kinds.all_kinds() if one.name == job.kind), ())


@cache
def _jobs() -> frozenset[str]:
    """The types of everything that users submit."""
    from arena.kinds.cron import CARRIERS

    own = {resource.kind for kind in kinds.all_kinds() for resource in kind.resources}
    return frozenset(own | {resource.kind for resource in CARRIERS})


def _written(event: Object) -> int:
    return whole(event["metadata"].get("resourceVersion")) or 0


def _earlier(event: Event, job: Job) -> bool:
    """Whether it is about an earlier job of the same name."""
    return bool(event.last and job.created and event.last < job.created)


def read(event: Object) -> Event:
    """Read an event of either version of the API."""
    about = event.get("involvedObject", {})
    series, created = event.get("series") or {}, event["metadata"].get("creationTimestamp")
    first = event.get("firstTimestamp") or event.get("eventTime") or created
    last = series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime") or created
    return Event(
        subject=f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}",
        type=event.get("type") or "Normal",
        reason=event.get("reason") or "",
        message=(event.get("message") or "").strip(),
        count=event.get("count") or series.get("count") or 1,
        last=units.when(last),
        first=units.when(first),
        namespace=event["metadata"].get("namespace") or "",
    )
