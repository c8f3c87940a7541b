"""Writing objects: ownership, status by difference, Events."""

import contextlib
import hashlib
import secrets
from datetime import datetime

from arena.local.machinery.clock import stamp
from arena.local.objects import AUTOSCALERS, EVENTS, PODS, Object, Objects, Refused, Resource, key

ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""The characters of random suffixes: no vowels, so that they spell no words."""

_COMPONENTS = {PODS: "default-scheduler", AUTOSCALERS: "horizontal-pod-autoscaler"}

RETRY = 5.0
"""Seconds until a pod that a quota refused is tried again."""


def reference(resource: Resource, obj: Object) -> Object:
    """The ownerReference by which `obj` controls another object."""
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "name": obj["metadata"]["name"],
        "uid": obj["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def owned(objects: Objects, resource: Resource, obj: Object, labels: str = "") -> list[Object]:
    """The objects of the type `resource` that `obj` controls, in order of creation and name."""
    uid = obj["metadata"]["uid"]
    found = [
        one
        for one in objects.list(resource, key(obj)[0], labels)
        if any(ref.get("controller") and ref["uid"] == uid for ref in _references(one))
    ]
    return sorted(found, key=_age)


def _age(obj: Object) -> tuple[str, str]:
    return obj["metadata"].get("creationTimestamp", ""), obj["metadata"]["name"]


def _references(obj: Object) -> list[Object]:
    return obj["metadata"].get("ownerReferences") or []


def ensure(objects: Objects, resource: Resource, body: Object, parent: tuple[Resource, Object]) -> Object:
    """Create an object of a type that `parent` owns, or return the one that exists.

    Raises:
        Refused: 409 when the name belongs to something else, or to what is left of an earlier owner's object.
    """
    namespace = key(parent[1])[0]
    name = body["metadata"]["name"]
    body = {"apiVersion": resource.api_version, "kind": resource.kind, **body}
    body["metadata"]["ownerReferences"] = [reference(*parent)]
    there = objects.get(resource, name, namespace)
    if there is None:
        return objects.create(resource, body, namespace)
    if parent[1]["metadata"]["uid"] not in [ref["uid"] for ref in _references(there)]:
        raise Refused(409, "AlreadyExists", f'{resource.plural} "{name}" already exists')
    return there


def create_pod(
    objects: Objects,
    body: Object,
    parent: tuple[Resource, Object],
    now: datetime,
    reason: str = "FailedCreate",
) -> Object | None:
    """Create a pod owned by `parent`; None, with an Event, where a quota or a rule refuses it.

    Raises:
        Refused: for any other cause; 409 when the name is taken.
    """
    namespace = key(parent[1])[0]
    body = {"apiVersion": "v1", "kind": "Pod", **body}
    body["metadata"]["ownerReferences"] = [reference(*parent)]
    try:
        return objects.create(PODS, body, namespace)
    except Refused as refusal:
        if refusal.code not in (403, 422):
            raise
        event(objects, parent, now, "Warning", reason, f"Error creating: {refusal.message}")
        return None


def remove(objects: Objects, resource: Resource, obj: Object) -> None:
    """Delete exactly this object, unless it is on its way out."""
    if not obj["metadata"].get("deletionTimestamp"):
        namespace, name = key(obj)
        objects.delete(resource, name, namespace or None, uid=obj["metadata"]["uid"])


def difference(old: Object, new: Object) -> Object:
    """The JSON merge patch that turns `old` into `new`; empty when they are equal."""
    patch: Object = {name: None for name in old if name not in new}
    for name, value in new.items():
        before = old.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            inner = difference(before, value)
            if inner:
                patch[name] = inner
        elif value != before:
            patch[name] = value
    return patch


def write_status(objects: Objects, resource: Resource, obj: Object, status: Object) -> Object:
    """Store the status if it differs from that of `obj`; return the new object.

    Raises:
        Refused: 409 when the object changed since `obj` was read.
    """
    patch = difference(obj.get("status") or {}, status)
    if not patch:
        return obj
    namespace, name = key(obj)
    version = {"resourceVersion": obj["metadata"]["resourceVersion"]}
    return objects.patch(resource, name, {"metadata": version, "status": patch}, namespace, "status")


def event(
    objects: Objects,
    about: tuple[Resource, Object],
    now: datetime,
    kind: str,
    reason: str,
    message: str,
) -> None:
    """Create an Event of type `Normal` or `Warning` on an object, or count up the same earlier one.

    An Event that is refused, by a quota for instance, is left out.
    """
    with contextlib.suppress(Refused):
        _tell(objects, about, now, (kind, reason, message))


def _tell(
    objects: Objects, about: tuple[Resource, Object], now: datetime, words: tuple[str, str, str]
) -> None:
    meta = about[1]["metadata"]
    namespace = meta.get("namespace", "default")
    text = "\0".join((meta["uid"], *words))
    # Lists are in the order of names: within a second, the Events of operators come before the node's.
    name = f"{meta['name'][:230]}.0{hashlib.sha256(text.encode(errors='replace')).hexdigest()[:15]}"
    there = objects.get(EVENTS, name, namespace)
    if there and there.get("lastTimestamp") == stamp(now):
        return  # Created by a pass that was cut off.
    if there:
        again = {"count": there.get("count", 1) + 1, "lastTimestamp": stamp(now)}
        objects.patch(EVENTS, name, again, namespace)
        return
    objects.create(EVENTS, _event(name, namespace, about, now, words), namespace)


def _event(
    name: str,
    namespace: str,
    about: tuple[Resource, Object],
    now: datetime,
    words: tuple[str, str, str],
) -> Object:
    resource, obj = about
    kind, reason, message = words
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": namespace},
        "involvedObject": {
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "name": obj["metadata"]["name"],
            "namespace": obj["metadata"].get("namespace"),
            "uid": obj["metadata"]["uid"],
            "resourceVersion": obj["metadata"].get("resourceVersion"),
        },
        "type": kind,
        "reason": reason,
        "message": message[:1024],
        "source": {"component": _COMPONENTS.get(resource, f"{resource.kind.lower()}-controller")},
        "firstTimestamp": stamp(now),
        "lastTimestamp": stamp(now),
        "count": 1,
    }


def suffix(length: int = 5) -> str:
    """A random ending for names."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
