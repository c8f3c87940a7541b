"""All training jobs of a namespace or a cluster, with their pods: now, and as they change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any

from arena import kinds
from arena.actions import events, served
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
    carriers = objects(cluster, served.types(cluster, wanted), namespace, selector, remark=remark)
    # Each selector makes the server look through all its pods: none for kinds without a job.
    present = [one for one in wanted if any(map(one.owns, _of(one, carriers)))]
    members = _listed(cluster, namespace, [(one, one.selectors) for one in present])
    found = assemble(present, carriers, members)
    if any(not job.instances and not job.phase.is_final for job in found):
        members += _listed(cluster, namespace, [(one, one.former) for one in present])
        found = assemble(present, carriers, members)
    return events.explained(cluster, namespace, found)


def objects(
    cluster: Cluster,
    types: Sequence[Resource],
    namespace: str | None,
    selector: str = "",
    *,
    most: int | None = None,
    remark: Callable[[str], None] = lambda text: None,
) -> dict[Resource, list[Object]]:
    """The objects of each type that may be listed.

    Args:
        most: how many of each type are enough; no further page is asked for then.
        remark: as of `jobs`.

    Raises:
        NotAllowed: none may be listed.
    """

    def listed(resource: Resource) -> list[Object] | NotAllowed:
        try:
            return list(islice(cluster.list(resource, namespace, labels=selector), most))
        except NotAllowed as error:
            return error

    with ThreadPoolExecutor(max_workers=8) as pool:
        answers = list(pool.map(listed, types))
    refused = [one for one in answers if isinstance(one, NotAllowed)]
    if refused and len(refused) == len(types):
        raise refused[0]
    for one in refused:
        remark(one.message)
    return {r: one for r, one in zip(types, answers, strict=True) if not isinstance(one, NotAllowed)}


def _of(kind: Kind, objects: Mapping[Resource, list[Object]]) -> Iterator[Object]:
    """The objects of the types that can carry the kind."""
    return (obj for resource in kind.resources for obj in objects.get(resource, ()))


def _listed(
    cluster: Cluster,
    namespace: str | None,
    selectors: Iterable[tuple[Kind, Sequence[str]]],
) -> list[Belonging]:
    """The pods that the selectors find, read while they come in: their JSON would fill the memory."""
    sharing: dict[str, list[Kind]] = defaultdict(list)
    for kind, each in selectors:
        for one in each:
            sharing[one].append(kind)
    return [
        found
        for one, those in sharing.items()
        for found in belongings(those, cluster.list(PODS, namespace, labels=one))
    ]


def belongings(wanted: Sequence[Kind], pods: Iterable[Object]) -> Iterator[Belonging]:
    """Pods as members of the jobs that they belong to; those of no job are left out."""
    from arena.kinds.training.pods import member

    for pod in pods:
        names = [(kind, name) for kind in wanted if (name := kind.job_of(pod))]
        if names:
            # Several kinds may share a type, and then the labels of its pods too.
            made, namespace = member(pod, names[0][0].places), pod["metadata"].get("namespace", "")
            yield from (((kind.name, namespace, name), made) for kind, name in names)


def assemble(
    wanted: Sequence[Kind], objects: dict[Resource, list[Object]], members: Iterable[Belonging]
) -> list[Job]:
    """Jobs from their objects as they came from the cluster, and their members; the newest first."""
    owned: dict[tuple[str, str, str], list[Member]] = defaultdict(list)
    for where, member in members:
        owned[where].append(member)
    found = []
    for kind in wanted:
        for obj in filter(kind.owns, _of(kind, objects)):
            meta = obj["metadata"]
            found.append(kind.read(obj, owned[kind.name, meta.get("namespace", ""), meta["name"]]))
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
    types = list(objects(cluster, served.types(cluster, wanted), namespace, selector, most=1, remark=remark))
    sources = [Source(resource, namespace, selector) for resource in types]
    present = [one for one in wanted if served.type_of(cluster, one)]
    selectors = [one for kind in present for one in (*kind.selectors, *kind.former)]
    sources += [Source(PODS, namespace, one) for one in dict.fromkeys(selectors)]
    explain = events.Explained(cluster, namespace)
    with Watching(cluster, sources) as watching:
        while True:
            carriers = {resource: watching.objects(number) for number, resource in enumerate(types)}
            pods = [pod for number in range(len(types), len(sources)) for pod in watching.objects(number)]
            once = {pod["metadata"]["uid"]: pod for pod in pods}
            yield explain(assemble(wanted, carriers, belongings(wanted, once.values())))
            watching.wait(explain.within(tick), settle=0.1)
