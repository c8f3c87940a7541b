"""All training jobs of a namespace or a cluster, with their pods: now, and as they change."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from arena import kinds
from arena.actions import events, served
from arena.actions.crew import crew
from arena.actions.watching import Source, Watching
from arena.errors import NotAllowed
from arena.kinds.kind import Kind, Member
from arena.model import Job
from arena.resources import PODS, Resource
from arena.units import by_age

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]
Belonging = tuple[tuple[str, str, str], Member]
"""A pod and the job that it belongs to: ((kind, namespace, name), member)."""


def jobs(
    cluster: Cluster,
    namespace: str | None,
    *,
    kind: Kind | None = None,
    selector: str = "",
    remark: Callable[[str], None] = lambda text: None,
) -> list[Job]:
    """The training jobs of a namespace (None: of all), the newest first.

    The number of requests depends on the kinds that the cluster serves, not on the jobs.

    Args:
        kind: only of this kind.
        selector: only with these labels.
        remark: called with a sentence for each type that this user may not list, where others may be.

    Raises:
        NotAllowed: none may be listed.
    """
    wanted = [kind] if kind else kinds.training_kinds()
    with crew() as threads:
        pods = _Pods(cluster, namespace, wanted, threads)
        types = served.types(cluster, wanted)
        read = partial(cluster.list, namespace=namespace, labels=selector)
        carriers = allowed(types, lambda one: list(pods.expected_of(one, read(one))), remark)
        found = assemble(wanted, carriers, pods.members())
        if any(not job.instances and not job.phase.is_final for job in found):
            pods.expect_former()
            found = assemble(wanted, carriers, pods.members())
    return events.explained(cluster, namespace, found)


def names(cluster: Cluster, namespace: str | None) -> list[tuple[Kind, str]]:
    """Kind and name of each training job, without a look at its pods."""
    wanted = kinds.training_kinds()
    types = served.types(cluster, wanted)
    carriers = allowed(types, lambda one: list(cluster.list(one, namespace)))
    return [
        (kind, obj["metadata"]["name"]) for kind in wanted for obj in filter(kind.owns, _of(kind, carriers))
    ]


def allowed(
    types: Sequence[Resource],
    read: Callable[[Resource], list[Object]],
    remark: Callable[[str], None] = lambda text: None,
) -> dict[Resource, list[Object]]:
    """What `read`, called by several threads, finds of each type that may be listed.

    Args:
        remark: as of `jobs`.

    Raises:
        NotAllowed: none may be listed.
    """

    def found(resource: Resource) -> list[Object] | NotAllowed:
        try:
            return read(resource)
        except NotAllowed as error:
            return error

    with crew() as threads:
        answers = list(threads.map(found, types))
    refused = [one for one in answers if isinstance(one, NotAllowed)]
    if refused and len(refused) == len(types):
        raise refused[0]
    for one in refused:
        remark(one.message)
    return {r: one for r, one in zip(types, answers, strict=True) if not isinstance(one, NotAllowed)}


def _of(kind: Kind, objects: Mapping[Resource, list[Object]]) -> Iterator[Object]:
    """The objects of the types that can carry the kind."""
    return (obj for resource in kind.resources for obj in objects.get(resource, ()))


class _Pods:
    """The pods of the jobs that there are: listed from the moment the first job of a kind comes in.

    Each selector makes the server look through all its pods, so none is asked for kinds without a job.
    """

    def __init__(
        self, cluster: Cluster, namespace: str | None, wanted: Sequence[Kind], threads: ThreadPoolExecutor
    ) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._wanted = wanted
        self._threads = threads
        self._lock = threading.Lock()
        self._present: dict[str, Kind] = {}
        self._begun: dict[str, Future[list[Belonging]]] = {}

    def expected_of(self, resource: Resource, objects: Iterable[Object]) -> Iterator[Object]:
        """The objects as they come in; the pods of their kinds are listed from now on."""
        for obj in objects:
            for kind in self._wanted:
                if kind.name not in self._present and resource in kind.resources and kind.owns(obj):
                    self._present[kind.name] = kind
                    self._begin(kind.selectors)
            yield obj

    def expect_former(self) -> None:
        """A job has no pods: list those of operators of former times."""
        for kind in self._present.values():
            self._begin(kind.former)

    def members(self) -> list[Belonging]:
        """The pods as members of jobs, some of them twice; waits until all are there."""
        return [member for begun in self._begun.values() for member in begun.result()]

    def _begin(self, selectors: Sequence[str]) -> None:
        with self._lock:
            for one in selectors:
                if one not in self._begun:
                    self._begun[one] = self._threads.submit(self._listed, one)

    def _listed(self, selector: str) -> list[Belonging]:
        """Read while they come in: their JSON would fill the memory."""
        sharing = [one for one in self._wanted if selector in (*one.selectors, *one.former)]
        pods = self._cluster.list(PODS, self._namespace, labels=selector)
        return [found for pod in pods for found in _belonging(sharing, pod)]


def _belonging(wanted: Sequence[Kind], pod: Object) -> list[Belonging]:
    """The pod as a member of the job that it belongs to: none, or several where kinds share a type."""
    from arena.kinds.training.pods import member

    owners = [(kind, name) for kind in wanted if (name := kind.job_of(pod))]
    if not owners:
        return []
    made, namespace = member(pod, owners[0][0].places), pod["metadata"].get("namespace", "")
    return [((kind.name, namespace, name), made) for kind, name in owners]


def assemble(
    wanted: Sequence[Kind], objects: dict[Resource, list[Object]], members: Iterable[Belonging]
) -> list[Job]:
    """Jobs from their objects as they came from the cluster, and their members; the newest first."""
    owned: dict[tuple[str, str, str], dict[str, Member]] = defaultdict(dict)
    for where, member in members:
        # Several selectors may find the same pod.
        owned[where][member.instance.uid] = member
    found = []
    for kind in wanted:
        for obj in filter(kind.owns, _of(kind, objects)):
            meta = obj["metadata"]
            mine = owned[kind.name, meta.get("namespace", ""), meta["name"]]
            found.append(kind.read(obj, list(mine.values())))
    return sorted(found, key=by_age, reverse=True)


def live(
    cluster: Cluster,
    namespace: str | None,
    *,
    kind: Kind | None = None,
    selector: str = "",
    tick: float | None = None,
    remark: Callable[[str], None] = lambda text: None,
) -> Iterator[list[Job]]:
    """All jobs of a namespace (None: of all), now and after every change, for ever.

    Args:
        tick: seconds after which they are given again though nothing changed, as their ages do.
        remark: as for `jobs`.
    """
    wanted = [kind] if kind else kinds.training_kinds()
    # The watches list what there is: here it only matters which types may be listed.
    read = partial(cluster.list, namespace=namespace, labels=selector)
    types = list(allowed(served.types(cluster, wanted), lambda one: list(islice(read(one), 1)), remark))
    sources = [Source(resource, namespace, selector) for resource in types]
    present = [one for one in wanted if served.type_of(cluster, one)]
    selectors = [one for kind in present for one in (*kind.selectors, *kind.former)]
    shape = partial(_belonging, wanted)
    sources += [Source(PODS, namespace, one, shape=shape) for one in dict.fromkeys(selectors)]
    explain = events.Explained(cluster, namespace)
    with Watching(cluster, sources) as watching:
        while True:
            carriers = {resource: watching.objects(number) for number, resource in enumerate(types)}
            pods = [pod for number in range(len(types), len(sources)) for pod in watching.objects(number)]
            yield explain(assemble(wanted, carriers, chain.from_iterable(pods)))
            watching.wait(explain.within(tick), settle=0.1)
