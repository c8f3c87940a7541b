"""Training jobs: find, read, wait for and delete them, whoever made them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arena import kinds
from arena.actions import events, overview, served
from arena.actions.watching import Source, Watching
from arena.errors import NotAllowed, NotFound, SpecError
from arena.kinds.kind import Kind
from arena.model import Job, Phase
from arena.resources import PODS, Resource

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]
TICK = 1.0
"""Seconds between signs of life while nothing changes."""


def find(
    cluster: Cluster, name: str, namespace: str, kind: Kind | None = None
) -> tuple[Kind, Resource, Object]:
    """The job's kind, type and object.

    Raises:
        NotFound: there is none of that name; the hint names similar ones.
        SpecError: several kinds have a job of that name and none was asked for.
    """
    types = served.types(cluster, [kind] if kind else kinds.training_kinds())
    there, refused = served.named(cluster, types, namespace, name)
    hits = []
    for resource, obj in there:
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
        what = kind.name if kind else "job"
        hint = _others(there) or _similar(cluster, name, namespace)
        raise NotFound(f'no {what} "{name}" in namespace "{namespace}"', hint)
    return hits[0]


def _others(there: Sequence[tuple[Resource, Object]]) -> str:
    """How to name what others made and may be meant, such as a plain Job that runs no training."""
    for resource, obj in there:
        for kind in kinds.training_kinds():
            if resource in kind.resources and kind.takes(obj):
                return f"others made a {resource.kind} of that name: if that is meant, add -T {kind.name}"
    return ""


def _similar(cluster: Cluster, name: str, namespace: str) -> str:
    import difflib

    try:
        known = {there: kind.name for kind, there in overview.names(cluster, namespace)}
    except NotAllowed:
        known = {}
    if name in known:
        return f"it is a {known[name]}"
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
    explain = events.Explained(cluster, namespace)
    with Watching(cluster, sources) as watching:
        while same := [
            one for one in watching.objects(0) if one["metadata"]["uid"] == obj["metadata"]["uid"]
        ]:
            yield explain([kind.read(same[0], watching.objects(1))])[0]
            watching.wait(TICK)


def delete(cluster: Cluster, name: str, namespace: str, kind: Kind | None = None) -> Job:
    """Delete the job; what arena made with it, and its pods, go with it. Returns it as it last was.

    Raises:
        NotFound: there is no such job.
    """
    kind, resource, obj = find(cluster, name, namespace, kind)
    cluster.delete(resource, namespace, name, uid=obj["metadata"]["uid"])
    return replace(kind.read(obj, []), phase=Phase.STOPPING)
