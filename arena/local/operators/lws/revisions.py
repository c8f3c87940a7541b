"""Revisions of a LeaderWorkerSet: ControllerRevisions of what its groups are made of.

A group that starts again during a rollout, before its turn has come, is made of the revision before. The
newest revision also records how far its rollout has come.
"""

import json

from arena.local.machinery.template_hash import digest
from arena.local.machinery.writes import reference
from arena.local.objects import CONTROLLER_REVISIONS, Object, Objects, Resource, key
from arena.local.operators.lws.labels import NAME, REPLICAS, REVISION
from arena.local.operators.lws.rollout import Progress

PROGRESS = "local.arena.io/rollout"
"""Annotation, JSON: the numbers of a `Progress` without those that were wanted."""


def content(lws: Object) -> Object:
    """What a revision records of the spec."""
    spec = lws["spec"]
    network = spec.get("networkConfig") or {"subdomainPolicy": "Shared"}
    return {"leaderWorkerTemplate": spec["leaderWorkerTemplate"], "networkConfig": network}


def hash_of(obj: Object) -> str:
    """The hash of the revision of which a revision or pod is; "" if the label was removed."""
    return str((obj["metadata"].get("labels") or {}).get(REVISION) or "")


def spec_of(revision: Object) -> Object:
    """The part of the spec that a revision records."""
    found: Object = revision["data"]["spec"]
    return found


def is_current(lws: Object, revision: Object) -> bool:
    """Whether the spec is what the revision records."""
    return hash_of(revision) == digest(content(lws))


def progress(revision: Object) -> Progress:
    """How far the rollout of a revision has come."""
    notes = revision["metadata"]["annotations"]
    groups, partition = json.loads(notes[PROGRESS])
    return Progress(int(groups), int(partition), int(notes[REPLICAS]))


def create(
    objects: Objects, parent: tuple[Resource, Object], before: Object | None, begun: Progress
) -> Object:
    """Create the revision of the present spec, after `before`."""
    lws = parent[1]
    namespace, name = key(lws)
    spec, number = content(lws), (before["revision"] if before else 0) + 1
    mark = digest(spec)
    body = {
        "apiVersion": CONTROLLER_REVISIONS.api_version,
        "kind": CONTROLLER_REVISIONS.kind,
        "metadata": {
            "name": f"{name}-{mark}-{number}",
            "labels": {NAME: name, REVISION: mark},
            "annotations": _notes(begun),
            "ownerReferences": [reference(*parent)],
        },
        "data": {"spec": {"$patch": "replace", **spec}},
        "revision": number,
    }
    return objects.create(CONTROLLER_REVISIONS, body, namespace)


def record(objects: Objects, revision: Object, reached: Progress) -> None:
    """Record how far the rollout of a revision has come."""
    if progress(revision) != reached:
        namespace, name = key(revision)
        body = {"metadata": {"annotations": _notes(reached)}}
        objects.patch(CONTROLLER_REVISIONS, name, body, namespace)


def _notes(reached: Progress) -> dict[str, str]:
    return {PROGRESS: json.dumps([reached.groups, reached.partition]), REPLICAS: str(reached.wanted)}
