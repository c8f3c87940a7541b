"""Crons, which start jobs on a schedule: find, read, suspend, resume and delete them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from arena import kinds
from arena.actions import readings, served
from arena.actions.deletion import Removal
from arena.actions.jobs import listing
from arena.actions.jobs.change import ignore
from arena.actions.readings import Reading, Types
from arena.errors import ArenaError, SpecError
from arena.kinds import cron as carrier
from arena.kinds.kind import Kind
from arena.model.crons import Cron
from arena.model.partial import Partial, Unread
from arena.resources import Resource
from arena.tuples import NamedTuple
from arena.units import by_age

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session

Object = dict[str, Any]
Unchanged = Callable[[Cron], None]
"""Called with a cron that already is in the requested state, so that nothing was sent."""


class Found(NamedTuple):
    """A carrier: its type, its object, and the kind of its jobs if arena knows it."""

    resource: Resource
    obj: Object
    kind: Kind | None

    def read(self) -> Cron:
        """The cron without its runs."""
        return carrier.read(self.obj, self.kind.name if self.kind else "")


def crons(
    session: Session,
    *,
    everywhere: bool = False,
    selector: str = "",
    kind: Kind | str | None = None,
) -> Partial[Cron]:
    """Return the crons of the session's namespace, the newest first, without their runs.

    Args:
        everywhere: include every namespace.
        selector: labels that the crons must have, such as `team=vision,stage!=test`.
        kind: return only crons that start jobs of this kind.

    Raises:
        NotAllowed: no type may be listed.
    """
    namespace, only = None if everywhere else session.namespace, kinds.named(kind)
    there, unread = _all(session.cluster(), namespace, selector)
    found = [one.read() for one in there if only in (None, one.kind)]
    return Partial(sorted(found, key=by_age, reverse=True), unread)


def _all(
    cluster: Cluster, namespace: str | None, selector: str = ""
) -> tuple[list[Found], tuple[Unread, ...]]:
    """The carriers that this user may list, and the types that may not be listed."""
    read = partial(cluster.list, namespace=namespace, labels=selector)
    reading = readings.read(_types(cluster), lambda one: list(read(one)))
    return _carriers(reading), reading.unread("crons")


def _carriers(reading: Reading) -> list[Found]:
    return [
        Found(resource, obj, _kind(obj))
        for resource, listed in reading.objects.items()
        for obj in listed
        if carrier.owns(obj)
    ]


def _types(cluster: Cluster) -> Types:
    """The types of carriers that the cluster serves, each in one version."""
    return served.first(cluster, [[carrier.CRONS], [carrier.CRONJOBS, carrier.OLD_CRONJOBS]])


def _kind(obj: Object) -> Kind | None:
    """The kind of the jobs that a carrier starts."""
    job = carrier.workload(obj)
    about = job["apiVersion"], job["kind"]
    for kind in kinds.training_kinds():
        if about in [(one.api_version, one.kind) for one in kind.resources] and kind.owns(job):
            return kind
    return None


def find(cluster: Cluster, name: str, namespace: str, kind: Kind | None = None) -> Found:
    """Find the carrier of a cron by name.

    Raises:
        NotFound: there is none; the hint names similar ones.
        SpecError: there are two, with jobs of different kinds.
    """
    reading = served.named(cluster, _types(cluster), namespace, name)
    hits = [one for one in _carriers(reading) if kind in (None, one.kind)]
    if len(hits) > 1:
        raise SpecError(f'there are two crons "{name}" in namespace "{namespace}"', "choose with -T")
    if not hits:
        hint = _similar(cluster, name, namespace, reading)
        raise readings.absent(f'cron "{name}"', f'in namespace "{namespace}"', reading, hint)
    return hits[0]


def _similar(cluster: Cluster, name: str, namespace: str, reading: Reading) -> str:
    import difflib

    known: list[str] = []
    with suppress(ArenaError):
        known = [one.obj["metadata"]["name"] for one in _all(cluster, namespace)[0]]
    if close := difflib.get_close_matches(name, known, n=2):
        return f"did you mean {' or '.join(close)}?"
    return readings.overview(cluster, reading, "arena cron list", "crons")


def cron(session: Session, name: str, *, kind: Kind | str | None = None) -> Cron:
    """Return one cron with its runs; raises as `find`."""
    found = find(session.cluster(), name, session.namespace, kinds.named(kind))
    if found.kind is None:
        return found.read()
    listed = partial(listing.jobs, session, kind=found.kind, selector=carrier.selector(found.obj))
    runs = readings.optional("runs", "runs are missing", listed)
    return replace(carrier.read(found.obj, found.kind.name, runs), unread=runs.unread)


def suspend_cron(
    session: Session, name: str, *, kind: Kind | str | None = None, unchanged: Unchanged = ignore
) -> Cron:
    """Start no further runs of a cron; active runs continue.

    Args:
        kind: required if crons of several kinds have that name.
        unchanged: called with the cron if it already is suspended.

    Raises:
        NotFound: there is no such cron.
    """
    return _switch(session, name, kind, True, unchanged)


def resume_cron(
    session: Session, name: str, *, kind: Kind | str | None = None, unchanged: Unchanged = ignore
) -> Cron:
    """Start runs of a cron again; a run that became due meanwhile may start at once.

    Args:
        kind: required if crons of several kinds have that name.
        unchanged: called with the cron if it is not suspended.

    Raises:
        NotFound: there is no such cron.
    """
    return _switch(session, name, kind, False, unchanged)


def _switch(session: Session, name: str, kind: Kind | str | None, on: bool, unchanged: Unchanged) -> Cron:
    found = find(session.cluster(), name, session.namespace, kinds.named(kind))
    if found.read().suspended is on:
        unchanged(found.read())
        return found.read()
    # The uid makes it a conflict if another object has taken the name.
    change = {"metadata": {"uid": found.obj["metadata"]["uid"]}, "spec": {"suspend": on}}
    obj = session.cluster().patch(found.resource, session.namespace, name, change)
    return found._replace(obj=obj).read()


def delete_cron(session: Session, name: str, *, kind: Kind | str | None = None) -> Cron:
    """Delete a cron with its runs and everything that was created with it; return it as it last was.

    Raises:
        NotFound: there is no such cron.
        TimedOut: a finalizer holds it.
    """
    removal = Removal(session.cluster())
    found = remove(removal, name, session.namespace, kinds.named(kind))
    removal.wait()
    return found


def remove(removal: Removal, name: str, namespace: str, kind: Kind | None = None) -> Cron:
    """Delete a cron as part of a larger removal; return it as it last was.

    Raises:
        NotFound: there is no such cron.
    """
    found = find(removal.cluster, name, namespace, kind)
    removal.delete(found.resource, found.obj["metadata"], f"cron {name}")
    return found.read()
