"""Collect what explains a job: its object, pods, events and logs, and what they depend on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from arena import kinds
from arena.actions.diagnosis import events, log_texts
from arena.actions.jobs import find
from arena.actions.served import preferred
from arena.diagnosis import choosing, standing
from arena.diagnosis.json_fields import name
from arena.diagnosis.records import Log, Record
from arena.errors import ArenaError, NotFound
from arena.kinds.kind import Kind
from arena.model.jobs import Job
from arena.parallel import thread_pool
from arena.resources import CLAIMS, EVENTS, LOCAL_QUEUES, NODES, POD_GROUPS, PODS, Resource
from arena.tuples import NamedTuple
from arena.values import replace

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session

Object = dict[str, Any]


class Subject(NamedTuple):
    """What is explained: a job, or another object that has pods."""

    kind: Kind
    resource: Resource
    obj: Object
    title: str = ""
    """How it is called, if it is only a part of what was named."""


MOST_PODS = 16
"""Maximum number of pods whose logs are read, those that failed first."""
LINES, BYTES = 5000, 4 << 20
"""The end of a log that is read."""
PATIENCE = 5.0
"""Seconds to wait for a log, since its node may be gone."""
BESIDE = (
    NODES,
    CLAIMS,
    Resource("", "v1", "resourcequotas", kind="ResourceQuota"),
    Resource("", "v1", "limitranges", kind="LimitRange"),
    Resource("kueue.x-k8s.io", "v1beta2", "workloads", kind="Workload"),
    LOCAL_QUEUES,
    POD_GROUPS,
)
"""What jobs depend on."""


def record(session: Session, subject: Subject) -> Record:
    """What the cluster tells about a job or a serving now."""
    return replace(_collected(session.cluster(), session.namespace, subject, BESIDE), seen=session.now())


def briefly(cluster: Cluster, job: Job) -> Record:
    """What explains the failure of a job: its object, pods, events and logs.

    Raises:
        NotFound: it was deleted.
    """
    found = find.find(cluster, job.name, job.namespace, kinds.find(job.kind))
    return brief(cluster, job.namespace, Subject(*found))


def brief(cluster: Cluster, namespace: str, subject: Subject) -> Record:
    """What explains the failure of a job or a serving: its object, pods, events and logs."""
    return _collected(cluster, namespace, subject, ())


def _collected(cluster: Cluster, namespace: str, subject: Subject, others: Sequence[Resource]) -> Record:
    read, (of_kind, resource, obj, _), title = _Reader(cluster), subject, name(subject.obj)
    pods = read.all(PODS, partial(cluster.list, PODS, namespace, labels=find.pod_selector(of_kind, obj)))
    told = of_kind.read(obj, pods)
    members, beside_it = events.uids(told), choosing.related(pods)

    def concerns(event: Object) -> bool:
        return events.concerns(event, told, members) or choosing.concerns(event, beside_it, title)

    every = read.all(EVENTS, partial(cluster.list, EVENTS, namespace))
    with thread_pool() as threads:
        beside = list(threads.map(partial(_beside, read, namespace), others))
        runs = list(_runs(pods))
        logs = list(threads.map(partial(_log, read, namespace), runs))
    return Record(
        name=title,
        namespace=namespace,
        job=_typed(resource, obj),
        pods=tuple(_typed(PODS, one) for one in pods),
        events=tuple(_typed(EVENTS, one) for one in every if concerns(one)),
        objects=tuple(chain.from_iterable(beside)),
        logs=tuple(one for one in logs if one),
        unread=tuple(read.unread),
    )


class _Run(NamedTuple):
    pod: str
    container: str
    previous: bool


class _Reader:
    """Reads parts, and keeps what could not be read."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.unread: list[str] = []

    def all(self, what: Resource, call: Callable[[], Iterable[Any]]) -> list[Any]:
        try:
            return list(call())
        except ArenaError as error:
            self.unread.append(f"{what.plural}: {error.message}")
            return []


def _typed(resource: Resource, obj: Object) -> Object:
    """An object of a list, with the type that lists leave out."""
    return {"apiVersion": resource.api_version, "kind": resource.kind, **obj}


def _beside(read: _Reader, namespace: str, resource: Resource) -> list[Object]:
    def call() -> Iterator[Object]:
        kind = resource if resource.is_builtin else preferred(read.cluster, resource)
        if kind:
            listed = read.cluster.list(kind, namespace if kind.namespaced else None)
            yield from (_typed(kind, one) for one in listed)

    return read.all(resource, call)


def _runs(pods: Iterable[Object]) -> Iterator[_Run]:
    """The runs of containers that have written a log, those of failed pods first."""
    known = [(pod, standing.runs(pod)) for pod in pods]
    known.sort(key=lambda one: not any(run.has_failed for run in one[1]))
    for pod, runs in known[:MOST_PODS]:
        for run in runs:
            waiting = any(one.container == run.container and one.state == "waiting" for one in runs)
            if run.state in ("running", "terminated"):
                yield _Run(name(pod), run.container, run.previous and not waiting)


def _log(read: _Reader, namespace: str, run: _Run) -> Log | None:
    from arena.kube import LogQuery

    query = LogQuery(
        container=run.container, tail=LINES, timestamps=True, previous=run.previous, silence=PATIENCE
    )
    lines: list[str] = []

    def call() -> Iterator[str]:
        room = BYTES
        with read.cluster.logs(namespace, run.pod, query) as stream:
            for line in stream:
                room -= len(line)
                if room < 0:
                    return
                yield line.decode("utf-8", "replace")

    try:
        lines.extend(call())
    except NotFound:
        return None
    except ArenaError as error:
        read.unread.append(f"the log of {run.pod}: {error.message}")
        return None
    return Log(namespace, run.pod, run.container, log_texts.lines(lines), run.previous)
