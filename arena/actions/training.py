"""Training jobs: find, read, wait for and delete them, whoever made them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arena import kinds
from arena.actions import events
from arena.actions.watching import Source, Watching
from arena.errors import MissingOperator, NotAllowed, NotFound, SpecError
from arena.kinds.kind import Kind, Member
from arena.model import Job, Phase
from arena.resources import PODS, Resource

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]
Belonging = tuple[tuple[str, str, str], Member]
"""A pod and the job that it belongs to: ((kind, namespace, name), member)."""
TICK = 1.0
"""Seconds between signs of life while nothing changes."""


def served(cluster: Cluster, kind: Kind) -> Resource | None:
    """The type that carries the kind on this cluster; None where its operator is missing."""
    return next((resource for resource in kind.resources if cluster.serves(resource)), None)


def require(cluster: Cluster, kind: Kind) -> Resource:
    """The type that carries the kind on this cluster; of several releases of one version the one served.

    Raises:
        MissingOperator: the cluster serves none; the hint names the kinds that it does.
    """
    found = [one for one in kind.resources if cluster.serves(one)]
    if not found:
        runs = [one.name for one in kinds.training_kinds() if served(cluster, one)]
        known = f"it runs {', '.join(runs)}" if runs else "it runs no kind of job"
        more = "; arena submit job needs no operator" if "job" in runs else ""
        raise MissingOperator(
            f"{cluster.name} does not know {kind.resources[0].kind}: the operator of {kind.name} is missing",
            known + more,
        )
    same = [one for one in found if one.path() == found[0].path()]
    return found[0] if len(same) == 1 else next(filter(cluster.knows, same), same[0])


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
    objects = _objects(cluster, _types(cluster, wanted), namespace, selector, remark)
    # Each selector makes the server look through all its pods: none for kinds without a job.
    present = [one for one in wanted if any(map(one.owns, _of(one, objects)))]
    members = _listed(cluster, namespace, [(one, one.selectors) for one in present])
    found = assemble(present, objects, members)
    if any(not job.instances and not job.phase.is_final for job in found):
        members += _listed(cluster, namespace, [(one, one.former) for one in present])
        found = assemble(present, objects, members)
    return events.explained(cluster, namespace, found)


def _objects(
    cluster: Cluster,
    types: Sequence[Resource],
    namespace: str | None,
    selector: str,
    remark: Callable[[str], None],
) -> dict[Resource, list[Object]]:
    """The objects of each type that may be listed."""

    def listed(resource: Resource) -> list[Object] | NotAllowed:
        try:
            return list(cluster.list(resource, namespace, labels=selector))
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


def _types(cluster: Cluster, wanted: Sequence[Kind]) -> list[Resource]:
    found = [served(cluster, kind) for kind in wanted]
    return list(dict.fromkeys(resource for resource in found if resource))


def _selectors(cluster: Cluster, wanted: Sequence[Kind]) -> list[str]:
    """What finds the pods of the kinds that the cluster serves."""
    return list(dict.fromkeys(one for kind in wanted if served(cluster, kind) for one in kind.selectors))


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
    return sorted(found, key=lambda job: (job.created is None, job.created, job.name), reverse=True)


def find(
    cluster: Cluster, name: str, namespace: str, kind: Kind | None = None
) -> tuple[Kind, Resource, Object]:
    """The job's kind, type and object.

    Raises:
        NotFound: there is none of that name; the hint names similar ones.
        SpecError: several kinds have a job of that name and none was asked for.
    """
    hits, refused = [], []
    for resource in _types(cluster, [kind] if kind else kinds.training_kinds()):
        try:
            obj = cluster.get(resource, namespace, name)
        except NotFound:
            continue
        except NotAllowed as error:
            refused.append(error)
            continue
        able = [one for one in ([kind] if kind else kinds.all_kinds()) if resource in one.resources]
        owners = [one for one in able if one.owns(obj) or (kind and one.takes(obj))]
        hits += [(one, resource, obj) for one in owners]
    if len(hits) > 1:
        names = ", ".join(one.name for one, _, _ in hits)
        raise SpecError(
            f'several kinds have a job "{name}" in namespace "{namespace}": {names}', "choose with -T"
        )
    if not hits and refused:
        raise refused[0]  # it may be there
    if not hits:
        raise NotFound(f'no job "{name}" in namespace "{namespace}"', _similar(cluster, name, namespace))
    return hits[0]


def _similar(cluster: Cluster, name: str, namespace: str) -> str:
    import difflib

    try:
        known = [job.name for job in jobs(cluster, namespace)]
    except NotAllowed:
        known = []
    close = difflib.get_close_matches(name, known, n=2)
    return f"did you mean {' or '.join(close)}?" if close else "arena list -A shows all jobs"


def job(cluster: Cluster, name: str, namespace: str, kind: Kind | None = None) -> Job:
    """One job with its instances; raises as `find`."""
    kind, _, obj = find(cluster, name, namespace, kind)
    found = kind.read(obj, list(cluster.list(PODS, namespace, labels=pod_selector(kind, obj))))
    return events.explained(cluster, namespace, [found])[0]


def pod_selector(kind: Kind, obj: Object) -> str:
    """The label selector that finds the pods of the job."""
    return ",".join(f"{key}={value}" for key, value in kind.pods(obj).items())


def reference(resource: Resource, owner: Object) -> Object:
    """An owner as the objects that belong to it name it."""
    meta = owner["metadata"]
    kind = {"apiVersion": resource.api_version, "kind": resource.kind}
    return {**kind, "name": meta["name"], "uid": meta["uid"]}


def follow(cluster: Cluster, name: str, namespace: str, kind: Kind | None = None) -> Iterator[Job]:
    """The job now, after every change, and every `TICK` seconds in between; ends when it is deleted.

    Raises:
        NotFound: there is no such job to begin with.
    """
    kind, resource, obj = find(cluster, name, namespace, kind)
    sources = [
        Source(resource, namespace, fields=f"metadata.name={name}"),
        Source(PODS, namespace, labels=pod_selector(kind, obj)),
    ]
    with Watching(cluster, sources) as watching:
        changed = True
        while same := [
            one for one in watching.objects(0) if one["metadata"]["uid"] == obj["metadata"]["uid"]
        ]:
            found = kind.read(same[0], watching.objects(1))
            # Instances are mostly missing for a moment only: ask why where nothing moves, or a queue tells.
            asks = not changed or found.queue
            yield events.explained(cluster, namespace, [found])[0] if asks else found
            changed = watching.wait(TICK)


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
    types = list(_objects(cluster, _types(cluster, wanted), namespace, selector, remark))
    sources = [Source(resource, namespace, selector) for resource in types]
    selectors = [*_selectors(cluster, wanted), *(one for kind in wanted for one in kind.former)]
    sources += [Source(PODS, namespace, one) for one in dict.fromkeys(selectors)]
    with Watching(cluster, sources) as watching:
        while True:
            objects = {resource: watching.objects(number) for number, resource in enumerate(types)}
            pods = [pod for number in range(len(types), len(sources)) for pod in watching.objects(number)]
            once = {pod["metadata"]["uid"]: pod for pod in pods}
            yield assemble(wanted, objects, belongings(wanted, once.values()))
            watching.wait(tick, settle=0.1)


def delete(cluster: Cluster, name: str, namespace: str, kind: Kind | None = None) -> Job:
    """Delete the job; what arena made with it, and its pods, go with it. Returns it as it last was.

    Raises:
        NotFound: there is no such job.
    """
    kind, resource, obj = find(cluster, name, namespace, kind)
    cluster.delete(resource, namespace, name, uid=obj["metadata"]["uid"])
    return replace(kind.read(obj, []), phase=Phase.STOPPING)
