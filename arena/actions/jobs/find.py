"""Training jobs: find and read one by name, and follow its changes, whoever created it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from arena import kinds
from arena.actions import readings, served
from arena.actions.diagnosis import explain
from arena.actions.diagnosis.periodic import Periodic
from arena.actions.jobs import object_names
from arena.actions.readings import Reading
from arena.actions.watches import Source, Watching
from arena.errors import ArenaError, SpecError
from arena.kinds.family import Family
from arena.kinds.kind import Kind
from arena.kinds.training import FAMILY as TRAINING
from arena.model.jobs import Job
from arena.resources import PODS, Resource

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session

Object = dict[str, Any]
TICK = 1.0
"""Seconds between updates while nothing changes."""


def find(
    cluster: Cluster, name: str, namespace: str, kind: Kind | None = None, family: Family = TRAINING
) -> tuple[Kind, Resource, Object]:
    """Find the kind, the type and the object of a job, or of an object of another family.

    Raises:
        NotFound: there is no such object; the hint suggests similar ones.
        SpecError: several kinds have an object of that name, and no kind was given.
    """
    reading = served.named(
        cluster, served.types(cluster, [kind] if kind else kinds.of(family)), namespace, name
    )
    there = [(resource, obj) for resource, found in reading.objects.items() for obj in found]
    hits = []
    for resource, obj in there:
        able = [one for one in ([kind] if kind else kinds.all_kinds()) if resource in one.resources]
        owners = [one for one in able if one.owns(obj) or (kind and one.takes(obj))]
        hits += [(one, resource, obj) for one in owners]
    if len(hits) > 1:
        names = ", ".join(one.name for one, _, _ in hits)
        raise SpecError(
            f'several kinds have a {family.noun} "{name}" in namespace "{namespace}": {names}',
            "choose with -T",
        )
    if not hits:
        title = f'{kind.name if kind else family.noun} "{name}"'
        hint = _others(there, family) or _similar(cluster, name, namespace, family, reading)
        raise readings.absent(title, f'in namespace "{namespace}"', reading, hint)
    return hits[0]


def _others(there: Sequence[tuple[Resource, Object]], family: Family) -> str:
    """A hint about an object of another tool that may be meant, such as a plain Job."""
    for resource, obj in there:
        for kind in kinds.of(family):
            if resource in kind.resources and kind.takes(obj):
                return (
                    f"another tool created a {resource.kind} with that name; to select it, add -T {kind.name}"
                )
    return ""


def _similar(cluster: Cluster, name: str, namespace: str, family: Family, reading: Reading) -> str:
    import difflib

    known: dict[str, Kind] = {}
    with suppress(ArenaError):
        known = {there: kind for kind, there in object_names.names(cluster, namespace, family)}
    if kind := known.get(name):
        if refused := next((reading.errors[one] for one in kind.resources if one in reading.errors), None):
            raise refused  # it may be listed, but not read
        return f"it is a {kind.name}"
    if close := difflib.get_close_matches(name, known, n=2):
        return f"did you mean {' or '.join(close)}?"
    return readings.overview(cluster, reading, family.listing, family.plural)


def job(session: Session, name: str, *, kind: Kind | str | None = None, partial: bool = False) -> Job:
    """Return one job with its instances.

    Args:
        partial: return the job without its instances if its pods cannot be read; `Job.unread` says so.

    Raises:
        NotFound: there is no job with that name.
        SpecError: several kinds have a job of that name, and `kind` names none of them.
    """
    cluster, namespace = session.cluster(), session.namespace
    of_kind, _, obj = find(cluster, name, namespace, kinds.named(kind))
    try:
        pods = list(cluster.list(PODS, namespace, labels=pod_selector(of_kind, obj)))
    except ArenaError as error:
        if not partial:
            raise
        return of_kind.read(obj, []).unseen(readings.unread(PODS, error, readings.INSTANCES))
    return explain.jobs(cluster, namespace, [of_kind.read(obj, pods)])[0]


def pod_selector(kind: Kind, obj: Object) -> str:
    """The label selector that finds the pods of the job."""
    return selector(kind.pods(obj))


def selector(wanted: Mapping[str, str]) -> str:
    """The label selector for objects with all these labels."""
    return ",".join(f"{key}={value}" for key, value in wanted.items())


def reference(resource: Resource, owner: Object) -> Object:
    """The reference to an owner, for its dependents."""
    meta = owner["metadata"]
    kind = {"apiVersion": resource.api_version, "kind": resource.kind}
    return {**kind, "name": meta["name"], "uid": meta["uid"]}


def follow(cluster: Cluster, name: str, namespace: str, kind: Kind | None = None) -> Iterator[Job]:
    """Yield the job now, after every change, and every `TICK` seconds in between, until it is deleted.

    Raises:
        NotFound: there is no such job at the start.
    """
    kind, resource, obj = find(cluster, name, namespace, kind)
    sources = [
        Source(resource, namespace, fields=f"metadata.name={name}"),
        Source(PODS, namespace, labels=pod_selector(kind, obj)),
    ]
    explained = Periodic(cluster, namespace)
    with Watching(cluster, sources) as watching:
        while same := [
            one for one in watching.objects(0) if one["metadata"]["uid"] == obj["metadata"]["uid"]
        ]:
            yield explained([kind.read(same[0], watching.objects(1))])[0]
            watching.wait(TICK)
