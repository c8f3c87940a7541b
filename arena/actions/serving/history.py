"""The revisions of a serving: the ReplicaSets of a Deployment; of other kinds, their former options."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from arena import labels
from arena.actions.jobs import find as jobs
from arena.actions.serving import contents
from arena.actions.serving.find import Found
from arena.kinds.serving.base import status
from arena.kinds.workload import instances
from arena.model.servings import Revision
from arena.resources import DEPLOYMENTS, REPLICASETS
from arena.units import when
from arena.values import frozen

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]
KEPT = 10
"""The number of former options that are kept, as of ReplicaSets by default."""
CONTENT = (labels.CONTENTS, labels.CODE_DIGEST, labels.CODE_PARTS, labels.CODE_ORIGIN)
"""Annotations that tell the files, secrets and code of a revision."""
OWN = (labels.SPEC, labels.CHANGE_CAUSE, labels.VERSION, labels.OVERRIDES, *CONTENT)
"""Annotations that belong to a revision."""


@frozen
class State:
    """A revision, and what restores it."""

    revision: Revision
    template: Mapping[str, Any] | None = None
    """The pod template, of a Deployment."""
    notes: Mapping[str, str] = {}
    """Its annotations, among which are its options."""


def states(cluster: Cluster, found: Found) -> list[State]:
    """The revisions that a serving can return to, with the present one; the newest first.

    Raises:
        NotAllowed: the ReplicaSets may not be listed.
    """
    if found.resource == DEPLOYMENTS:
        sets = cluster.list(
            REPLICASETS, found.serving.namespace, labels=jobs.pod_selector(found.kind, found.obj)
        )
        return of_deployment(found, [one for one in sets if _is_owned(one, found.obj)])
    return _recorded(found)


def _is_owned(one: Object, owner: Object) -> bool:
    refs = one["metadata"].get("ownerReferences") or ()
    return any(ref.get("uid") == owner["metadata"]["uid"] for ref in refs)


def of_deployment(found: Found, sets: Sequence[Object]) -> list[State]:
    """The revisions of a Deployment, by its ReplicaSets."""
    now = status.revision(found.obj)
    every = [
        State(
            revision=Revision(
                number=status.revision(one),
                created=when(one["metadata"].get("creationTimestamp")),
                image=_image(found, one["spec"]["template"]),
                cause=(one["metadata"].get("annotations") or {}).get(labels.CHANGE_CAUSE, ""),
                instances=int((one.get("status") or {}).get("replicas") or 0),
                is_current=status.revision(one) == now,
            ),
            template=one["spec"]["template"],
            notes=one["metadata"].get("annotations") or {},
        )
        for one in sets
    ]
    return sorted(every, key=lambda one: one.revision.number, reverse=True)


def _image(found: Found, template: Object) -> str:
    name = instances.main(template, found.kind.conventions.main_containers)
    containers = (template.get("spec") or {}).get("containers") or ()
    return next((one.get("image") or "" for one in containers if one.get("name") == name), "")


def _recorded(found: Found) -> list[State]:
    former = entries(found.obj)
    number = 1 + max((int(one["revision"]) for one in former), default=0)
    notes = found.obj["metadata"].get("annotations") or {}
    now = Revision(
        number=number,
        created=when(found.obj["metadata"].get("creationTimestamp")) if not former else None,
        image=_recorded_image(notes.get(labels.SPEC, "{}")),
        cause=notes.get(labels.CHANGE_CAUSE, ""),
        instances=len(found.serving.instances),
        is_current=True,
    )
    every = [
        State(
            revision=Revision(
                number=int(one["revision"]),
                image=str(one["options"].get("image") or ""),
                cause=str(one.get("cause") or ""),
            ),
            notes={**one.get("notes", {}), labels.SPEC: json.dumps(one["options"])},
        )
        for one in former
    ]
    return [State(revision=now), *reversed(every)]


def _recorded_image(text: str) -> str:
    """The image among recorded options; "" if there is none, or if somebody has edited them."""
    try:
        options = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    return str(options.get("image") or "") if isinstance(options, dict) else ""


def entries(obj: Object) -> list[Object]:
    """The former options of an object; none if somebody has edited them."""
    text = (obj["metadata"].get("annotations") or {}).get(labels.HISTORY, "[]")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return []
    good = isinstance(found, list) and all(
        isinstance(one, dict)
        and isinstance(one.get("revision"), int)
        and isinstance(one.get("options"), dict)
        and isinstance(one.get("notes", {}), dict)
        and isinstance(one.get("contents", []), list)
        for one in found
    )
    return found if good else []


def noted(found: Found, changed: Object, cause: str) -> Object:
    """The changed object with the cause, and with the former options unless ReplicaSets have them."""
    meta = changed["metadata"]
    notes = {**(meta.get("annotations") or {}), labels.CHANGE_CAUSE: cause}
    before = found.obj["metadata"].get("annotations") or {}
    if found.resource != DEPLOYMENTS and (text := before.get(labels.SPEC)):
        former = entries(found.obj)
        entry = {
            "revision": 1 + max((int(one["revision"]) for one in former), default=0),
            "cause": before.get(labels.CHANGE_CAUSE, ""),
            "options": json.loads(text),
            "notes": {key: before[key] for key in CONTENT if key in before},
            "contents": sorted(contents.referred(found.obj)),
        }
        kept = {key: one for key, one in entry.items() if one or key in ("cause", "options")}
        notes[labels.HISTORY] = json.dumps([*former, kept][-KEPT:], ensure_ascii=False)
    return {**changed, "metadata": {**meta, "annotations": notes}}
