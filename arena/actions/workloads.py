"""The objects of any family of kinds: list, read and delete them, and read their events and logs.

A family that needs no more builds its own actions on these.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from arena import kinds
from arena.actions import readings, served
from arena.actions.deletion import Removal
from arena.actions.jobs import find, object_names
from arena.errors import ArenaError
from arena.kinds.family import Family
from arena.kinds.kind import Kind
from arena.model.events import Event
from arena.model.instances import Instance
from arena.model.jobs import Job, Phase
from arena.model.partial import Partial
from arena.resources import PODS, Resource
from arena.units import by_age

if TYPE_CHECKING:
    from datetime import datetime

    from arena.actions.jobs.logs.lines import Block, Options
    from arena.kube import Cluster
    from arena.session import Session

Object = dict[str, Any]


class Workload(Protocol):
    """What the models of all families have in common."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def namespace(self) -> str:
        """Its namespace."""

    @property
    def uid(self) -> str:
        """Its uid."""

    @property
    def kind(self) -> str:
        """The name of its kind."""

    @property
    def created(self) -> datetime | None:
        """When it was created."""

    @property
    def instances(self) -> tuple[Instance, ...]:
        """Its pods."""


def workloads(
    session: Session,
    family: Family,
    *,
    everywhere: bool = False,
    selector: str = "",
    kind: Kind | str | None = None,
) -> Partial[Any]:
    """Return the objects of a family in the session's namespace with their pods, the newest first.

    Args:
        everywhere: include every namespace.
        selector: labels that the objects must have, such as `team=vision,stage!=test`.
        kind: return only objects of this kind.

    Raises:
        NotAllowed: no type may be listed.
    """
    cluster, namespace = session.cluster(), None if everywhere else session.namespace
    only = kinds.named(kind, family)
    wanted = [only] if only else kinds.of(family)
    read = partial(cluster.list, namespace=namespace, labels=selector)
    reading = readings.read(served.types(cluster, wanted), lambda one: list(read(one)))
    owned = [(one, obj) for one in wanted for obj in _of(one, reading.objects)]
    present = [one for one in wanted if any(one is mine for mine, _ in owned)]
    unread = reading.unread(family.plural)
    try:
        pods = _pods(cluster, namespace, present)
    except ArenaError as error:
        pods, unread = defaultdict(list), (*unread, readings.unread(PODS, error, readings.INSTANCES))
    found = [one.read(obj, pods[_key(one, obj)]) for one, obj in owned]
    return Partial(sorted(found, key=by_age, reverse=True), unread)


def _of(kind: Kind, there: Mapping[Resource, Iterable[Object]]) -> Iterator[Object]:
    return (obj for resource in kind.carriers for obj in there.get(resource, ()) if kind.owns(obj))


def _key(kind: Kind, obj: Object, name: str = "") -> tuple[str, str, str]:
    return kind.name, obj["metadata"].get("namespace", ""), name or obj["metadata"]["name"]


def _pods(
    cluster: Cluster, namespace: str | None, wanted: Sequence[Kind]
) -> defaultdict[tuple[str, str, str], list[Object]]:
    """The pods of each object; equal selectors of several kinds share a request."""
    found: defaultdict[tuple[str, str, str], list[Object]] = defaultdict(list)
    for selector in dict.fromkeys(one for kind in wanted for one in kind.selectors):
        for pod in cluster.list(PODS, namespace, labels=selector):
            for kind in wanted:
                if selector in kind.selectors and (name := kind.job_of(pod)):
                    found[_key(kind, pod, name)].append(pod)
    return found


def names(session: Session, family: Family) -> list[str]:
    """Return the names of the objects of a family, without reading their pods."""
    return [name for _, name in object_names.names(session.cluster(), session.namespace, family)]


def workload(session: Session, family: Family, name: str, *, kind: Kind | str | None = None) -> Any:
    """Return one object of a family with its pods.

    Raises:
        NotFound: there is no such object.
        SpecError: several kinds have an object of that name, and `kind` names none of them.
    """
    cluster, namespace = session.cluster(), session.namespace
    of_kind, _, obj = find.find(cluster, name, namespace, kinds.named(kind, family), family)
    return of_kind.read(obj, list(cluster.list(PODS, namespace, labels=find.pod_selector(of_kind, obj))))


def delete(session: Session, family: Family, name: str, *, kind: Kind | str | None = None) -> Any:
    """Delete an object with everything that was created with it, and return it as it last was.

    Raises:
        NotFound, SpecError: as `workload`.
        TimedOut: a finalizer holds it.
    """
    removal = Removal(session.cluster())
    deleted = remove(removal, family, name, session.namespace, kinds.named(kind, family))
    removal.wait()
    return deleted


def remove(removal: Removal, family: Family, name: str, namespace: str, kind: Kind | None = None) -> Any:
    """Delete an object as part of a larger removal, and return it as it last was; raises as `workload`."""
    of_kind, resource, obj = find.find(removal.cluster, name, namespace, kind, family)
    removal.delete(resource, obj["metadata"], f"{of_kind.name} {name}")
    return of_kind.read(obj, [])


def events(session: Session, found: Workload) -> list[Event]:
    """Return the events of an object and its pods, the oldest first."""
    from arena.actions.diagnosis import events

    uids = [found.uid, *(one.uid for one in found.instances)]
    every = [event for uid in uids for event in events.of(session.cluster(), found.namespace, uid)]
    return sorted(every, key=lambda event: (event.last is None, event.last))


def as_job(found: Workload) -> Job:
    """The object in the form that the log reader expects: a running job of that name with these pods."""
    return Job(
        name=found.name,
        namespace=found.namespace,
        kind=found.kind,
        phase=Phase.RUNNING,
        uid=found.uid,
        created=found.created,
        instances=found.instances,
        wanted=len(found.instances),
    )


def logs(session: Session, found: Workload, options: Options) -> Iterator[Block]:
    """Return what the pods of an object have logged so far, merged by time.

    Raises:
        NotFound: it has no such instance or container.
        SpecError: the name of the instance is ambiguous.
    """
    from arena.actions.jobs.logs import snapshot

    return snapshot.read(session.cluster(), as_job(found), options)
