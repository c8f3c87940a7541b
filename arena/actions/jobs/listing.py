"""All training jobs of a namespace or a cluster, with their pods: now, and as they change."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from arena import kinds
from arena.actions import readings, served
from arena.actions.diagnosis import explain
from arena.actions.jobs.object_names import owned
from arena.actions.jobs.packed import Packed
from arena.errors import ArenaError
from arena.kinds.kind import AbridgedPod, Kind, PodSummary
from arena.kinds.training import FAMILY as TRAINING
from arena.kinds.workload.instances import abridged, summary
from arena.model.jobs import Job
from arena.model.partial import Partial, Unread
from arena.parallel import Task, ThreadPool, thread_pool
from arena.resources import ABRIDGED, PODS, Resource
from arena.units import by_age

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session

Object = dict[str, Any]
Member = PodSummary | AbridgedPod
"""A pod as a member of a job; what an abridged one requests is still to be read from the job."""
Belonging = tuple[tuple[str, str, str], Member]
"""A pod and the job that it belongs to: ((kind, namespace, name), member)."""
PATIENCE = 5.0
"""Seconds to wait for the first pods before the rest of the jobs is requested."""
Members = dict[tuple[str, str, str], dict[str, Member]]
"""Kind, namespace and name of each job -> its pods by their uids."""


def jobs(
    session: Session,
    *,
    everywhere: bool = False,
    selector: str = "",
    kind: Kind | str | None = None,
    detailed: bool = True,
) -> Partial[Job]:
    """Return the training jobs of the session's namespace, the newest first.

    If this user may not list some types, they are in `unread` of the result.

    The number of requests depends on the kinds that the cluster serves, not on the number of jobs.

    Args:
        everywhere: include every namespace.
        selector: labels that the jobs must have, such as `team=vision,stage!=test`.
        kind: return only jobs of this kind, such as `pytorchjob`.
        detailed: return everything about the instances. Without it, if a namespace has many, running or
            succeeded instances may lack addresses, start and end times, and containers.

    Raises:
        NotAllowed: no type may be listed.
    """
    from arena.kube.decoding import paused_gc

    cluster, namespace, wanted = scope(session, everywhere, kind)
    with thread_pool() as threads, paused_gc():
        types = served.occupied(cluster, wanted, namespace)
        there = {one for one in types.served if one not in types.empty}
        # Kinds without objects need not be compared with every pod.
        wanted = [kind for kind in wanted if not there.isdisjoint(kind.resources)]
        pods = _Pods(cluster, namespace, wanted, threads, detailed)
        read = partial(cluster.many, namespace=namespace, labels=selector, before_rest=pods.await_first)
        reading = readings.read(types, lambda one: Packed(pods.expected_of(one, read(one))))
        found = pods.assembled(reading.objects)
        if any(not (job.instances or job.phase.is_final or job.is_unseen) for job in found):
            pods.expect_former()
            found = pods.assembled(reading.objects)
    told = explain.jobs(cluster, namespace, found)
    return Partial(told, (*reading.unread(TRAINING.plural), *missing(found.unread, told)))


def scope(
    session: Session, everywhere: bool, kind: Kind | str | None
) -> tuple[Cluster, str | None, Sequence[Kind]]:
    """The cluster, the namespace (None for all) and the kinds of a list."""
    only = kinds.named(kind)
    return (
        session.cluster(),
        None if everywhere else session.namespace,
        [only] if only else kinds.training_kinds(),
    )


class _Pods:
    """The pods of the jobs, listed from the moment the first job of a kind is read.

    Each selector makes the server scan all its pods, so none is used for kinds without a job.
    """

    def __init__(
        self,
        cluster: Cluster,
        namespace: str | None,
        wanted: Sequence[Kind],
        threads: ThreadPool,
        detailed: bool,
    ) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._wanted = wanted
        self._threads = threads
        self._detailed = detailed
        self._lock = threading.Lock()
        self._arrived = threading.Event()
        self._present: dict[str, Kind] = {}
        self._begun: dict[str, Task[Members]] = {}
        self._errors: Mapping[str, ArenaError] = {}

    def expected_of(self, resource: Resource, objects: Iterable[Object]) -> Iterator[Object]:
        """Yield the objects as they are read, and start to list the pods of their kinds."""
        carried = [kind for kind in self._wanted if resource in kind.resources]
        for obj in objects:
            for kind in carried:
                if kind.name not in self._present and kind.owns(obj):
                    self._present[kind.name] = kind
                    self._begin(kind.selectors)
            yield obj

    def await_first(self) -> None:
        """Wait for the first pods, so that the server prepares more while they are read."""
        if self._begun:
            self._arrived.wait(PATIENCE)

    def expect_former(self) -> None:
        """List the pods of former operators, because a job seems to have none."""
        for kind in self._present.values():
            self._begin(kind.former)

    def assembled(self, carriers: Mapping[Resource, Iterable[Object]]) -> Partial[Job]:
        """The jobs with their pods, the newest first; waits until all pods have been read."""
        found = assemble(self._wanted, carriers, self._members())
        if found is None:
            # Jobs of that kind do not show what their pods request, so whole pods are read.
            self._detailed = True
            again, self._begun = list(self._begun), {}
            self._begin(again)
            found = assemble(self._wanted, carriers, self._members())
        assert found is not None
        return unseen(self._wanted, found, self._errors)

    def _members(self) -> Members:
        found: Members = defaultdict(dict)
        self._errors = {}
        for selector, begun in self._begun.items():
            try:
                listed = begun.result()
            except ArenaError as error:
                self._errors[selector] = error
                continue
            for where, members in listed.items():
                # Several selectors may find the same pod.
                found[where].update(members)
        return found

    def _begin(self, selectors: Sequence[str]) -> None:
        with self._lock:
            for one in selectors:
                if one not in self._begun:
                    self._begun[one] = self._threads.submit(self._listed, one)

    def _listed(self, selector: str) -> Members:
        """Convert them while they are read: their JSON would fill the memory."""
        sharing = [one for one in self._wanted if selector in (*one.selectors, *one.former)]
        if self._detailed:
            pods = self._cluster.list(PODS, self._namespace, labels=selector)
        else:
            pods = self._cluster.pods(self._namespace, selector)
        try:
            first = list(islice(pods, 1))
        finally:
            self._arrived.set()
        return grouped(found for pod in chain(first, pods) for found in belonging(sharing, pod))


def belonging(wanted: Sequence[Kind], pod: Object) -> list[Belonging]:
    """The pod as a member of the job that it belongs to: none, or several where kinds share a type."""
    owners = [(kind, name) for kind in wanted if (name := kind.job_of(pod))]
    if not owners:
        return []
    shape = abridged if ABRIDGED in pod else summary
    made, namespace = shape(pod, owners[0][0].conventions), pod["metadata"].get("namespace", "")
    return [((kind.name, namespace, name), made) for kind, name in owners]


def grouped(members: Iterable[Belonging]) -> Members:
    """The members of each job, without duplicates."""
    found: Members = defaultdict(dict)
    for where, member in members:
        found[where][member.uid] = member
    return found


def assemble(
    wanted: Sequence[Kind], objects: Mapping[Resource, Iterable[Object]], members: Members
) -> list[Job] | None:
    """Build jobs from their objects and members, the newest first.

    Returns:
        None if a job does not show what some abridged members request.
    """
    from arena.actions.jobs import role_gpus

    found = []
    for kind in wanted:
        for obj in owned(kind, objects):
            meta = obj["metadata"]
            own = members.get((kind.name, meta.get("namespace", ""), meta["name"]), {})
            whole = role_gpus.filled(obj, own.values())
            if whole is None:
                return None
            found.append(kind.read(obj, whole))
    return sorted(found, key=by_age, reverse=True)


def missing(unread: Iterable[Unread], found: Iterable[Job]) -> tuple[Unread, ...]:
    """What could not be read, of all jobs and of single ones; each once."""
    return tuple(dict.fromkeys((*unread, *(one for job in found for one in job.unread))))


def unseen(wanted: Sequence[Kind], found: Sequence[Job], errors: Mapping[str, ArenaError]) -> Partial[Job]:
    """The jobs, of which those without instances may have some that could not be read.

    Args:
        errors: the selectors of pods that could not be read, and why.
    """
    missing = {
        kind.name: readings.unread(PODS, error, readings.INSTANCES)
        for kind in wanted
        for selector, error in errors.items()
        if selector in (*kind.selectors, *kind.former)
    }
    return Partial(
        [job if job.instances or job.kind not in missing else job.unseen(missing[job.kind]) for job in found],
        tuple(dict.fromkeys(missing.values())),
    )
