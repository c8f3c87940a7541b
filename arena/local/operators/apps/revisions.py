"""Revisions of a Deployment: the ReplicaSet of its current template, and revision numbers."""

import copy

from arena.digits import whole
from arena.local.machinery.template_hash import digest
from arena.local.machinery.writes import reference, remove
from arena.local.objects import DEPLOYMENTS, REPLICASETS, Object, Objects, key

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def number(obj: Object) -> int:
    """The revision of a ReplicaSet or Deployment; 0 if it has none."""
    return whole((obj["metadata"].get("annotations") or {}).get(REVISION)) or 0


def current(deployment: Object, sets: list[Object]) -> Object | None:
    """The ReplicaSet of the Deployment's current template; None before it is created."""
    wanted = digest(deployment["spec"]["template"])
    return next((one for one in sets if (one["metadata"].get("labels") or {}).get(HASH) == wanted), None)


def make(objects: Objects, deployment: Object, sets: list[Object]) -> Object:
    """Create the ReplicaSet of the current template, at first without replicas."""
    namespace, name = key(deployment)
    spec = deployment["spec"]
    template = copy.deepcopy(spec["template"])
    mark = {HASH: digest(template)}
    labels = {**((template.get("metadata") or {}).get("labels") or {}), **mark}
    template["metadata"] = {**(template.get("metadata") or {}), "labels": labels}
    selector = copy.deepcopy(spec["selector"])
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), **mark}
    notes = {**_notes(deployment), REVISION: str(_next(sets))}
    body = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{name}-{mark[HASH]}",
            "labels": labels,
            "annotations": notes,
            "ownerReferences": [reference(DEPLOYMENTS, deployment)],
        },
        "spec": {
            "replicas": 0,
            "selector": selector,
            "template": template,
            "minReadySeconds": spec.get("minReadySeconds") or 0,
        },
    }
    return objects.create(REPLICASETS, body, namespace)


def _notes(deployment: Object) -> dict[str, str]:
    """The annotations that a revision takes from its Deployment, such as the change-cause."""
    notes: dict[str, str] = deployment["metadata"].get("annotations") or {}
    return {name: text for name, text in notes.items() if name not in (REVISION, LAST_APPLIED)}


def _next(sets: list[Object]) -> int:
    return max((number(one) for one in sets), default=0) + 1


def keep_newest(objects: Objects, deployment: Object, new: Object, old: list[Object]) -> Object:
    """Give the current ReplicaSet and the Deployment the highest number (a rollback reuses an old set).

    The ReplicaSet gets the Deployment's annotations and minReadySeconds too, which belong to no
    template. Returns the Deployment as it is then.
    """
    namespace, name = key(deployment)
    highest = max((number(one) for one in old), default=0)
    wanted = str(number(new) if number(new) > highest else highest + 1)
    note = {"metadata": {"annotations": {REVISION: wanted}}}
    before = new["metadata"].get("annotations") or {}
    notes = {**_notes(deployment), REVISION: wanted}
    least = deployment["spec"].get("minReadySeconds") or 0
    patient = (new["spec"].get("minReadySeconds") or 0) == least
    if not patient or any(before.get(name) != text for name, text in notes.items()):
        body = {"metadata": {"annotations": notes}, "spec": {"minReadySeconds": least}}
        objects.patch(REPLICASETS, key(new)[1], body, namespace)
    if str(number(deployment)) != wanted:
        deployment = objects.patch(DEPLOYMENTS, name, note, namespace)
    return deployment


def prune(objects: Objects, deployment: Object, old: list[Object]) -> None:
    """Delete the oldest empty ReplicaSets beyond revisionHistoryLimit."""
    limit = deployment["spec"].get("revisionHistoryLimit")
    empty = [
        one
        for one in old
        if not one["spec"].get("replicas") and not (one.get("status") or {}).get("replicas")
    ]
    surplus = len(empty) - (10 if limit is None else int(limit))
    for one in sorted(empty, key=number)[: max(0, surplus)]:
        remove(objects, REPLICASETS, one)
