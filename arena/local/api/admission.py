"""What happens to an object between the request and the store: defaults, checks, what may change."""

from collections.abc import Iterable

from arena.local import causes
from arena.local.api import defaults, limits, meta, refusals, schema, validation
from arena.local.api.options import Writing
from arena.local.api.patches import apply
from arena.local.api.store import Store
from arena.local.api.types import Type
from arena.local.causes import Cause
from arena.local.objects import Object

_TRACKED = ("managedFields",)
_WITH_STATUS = dict.fromkeys(("/pods", "/nodes"), ("labels", "annotations", *_TRACKED))
"""Metadata that a kubelet may write together with the status."""
_PRIORITIES = {"system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000}


def create(store: Store, kind: Type, obj: Object, how: Writing) -> Object:
    """The object as it will be stored; `obj` is changed.

    Raises:
        Refused: 400 for unknown fields when strict, or values of a wrong type; 422 for values that
            are not allowed; 403 for a pod whose priority class is unknown, or beyond a LimitRange.
    """
    if kind.has_status and how.manager:
        obj.pop("status", None)
    _shape(kind, obj, how)
    _allowed(kind, obj, _structure(kind, obj))
    limits.fill(store, kind, obj)
    defaults.fill(kind, obj)
    _prioritise(store, kind, obj)
    _allowed(kind, obj, validation.check(kind, obj))
    limits.check(store, kind, obj)
    return obj


def update(kind: Type, old: Object, new: Object, subresource: str, how: Writing) -> Object:
    """The changed object as it will be stored; only its status, or all but its status, is taken over.

    Raises:
        Refused: as `create`, and 409 when `new` was made from another version of the object.
    """
    new["metadata"] = dict(new.get("metadata") or {})
    meta.keep(kind, old, new)
    if subresource == "status":
        taken = {k: v for k, v in new["metadata"].items() if k in _WITH_STATUS.get(kind.key, _TRACKED)}
        kept = {k: v for k, v in old["metadata"].items() if k not in _WITH_STATUS.get(kind.key, ())}
        new = {**old, "metadata": {**kept, **taken}, "status": new.get("status") or {}}
        if not isinstance(new["status"], dict):
            raise refusals.bad("status must be a mapping")
        _track(kind, old, new, subresource, how)
        return new
    if kind.has_status:
        new.pop("status", None)
        if "status" in old:
            new["status"] = old["status"]
    _shape(kind, new, how)
    _allowed(kind, new, _structure(kind, new))
    defaults.fill(kind, new)
    _allowed(kind, new, validation.check_change(kind, old, new))
    _track(kind, old, new, subresource, how)
    return new


def _shape(kind: Type, obj: Object, how: Writing) -> None:
    """Drop unknown fields, or refuse them; refuse values of a wrong type."""
    found = schema.check(kind, obj)
    resource = kind.resource
    if found.wrong and kind.custom:
        raise refusals.invalid(resource, obj["metadata"]["name"], found.wrong)
    what = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}'
    if found.wrong:
        texts = "; ".join(f"{one.field}: {one.message}" for one in found.wrong)
        raise refusals.bad(f"{what}: {texts}")
    if found.unknown and how.validation == "Strict":
        texts = ", ".join(f'unknown field "{path}"' for path in found.unknown)
        raise refusals.bad(f"{what}: strict decoding error: {texts}")
    if how.validation == "Warn":
        for path in found.unknown:
            how.warn(f'unknown field "{path}"')


def _structure(kind: Type, obj: Object) -> Iterable[Cause]:
    """Defaults need a spec to fill."""
    root = schema.root(kind)
    if root.child("spec").is_struct and not isinstance(obj.get("spec"), dict):
        if "spec" in schema.required(root.text):
            yield causes.missing("spec")
        else:
            obj["spec"] = {}


def _allowed(kind: Type, obj: Object, causes: Iterable[Cause]) -> None:
    found = list(causes)
    if found:
        raise refusals.invalid(kind.resource, obj["metadata"]["name"], found)


def _prioritise(store: Store, kind: Type, obj: Object) -> None:
    """A pod's priority is that of its class."""
    if kind.key != "/pods":
        return
    name = obj["spec"].get("priorityClassName")
    if not name:
        obj["spec"]["priority"] = 0
        return
    found = store.read("scheduling.k8s.io/priorityclasses", "", name)
    if found is None and name not in _PRIORITIES:
        why = f"no PriorityClass with name {name} was found"
        raise refusals.forbidden(kind.resource, obj["metadata"]["name"], why)
    obj["spec"]["priority"] = found["value"] if found else _PRIORITIES[name]


def _track(kind: Type, old: Object, new: Object, subresource: str, how: Writing) -> None:
    if how.manager and not how.applied and "managedFields" in new["metadata"]:
        apply.track(old, new, schema.root(kind), apply.Manager(how.manager, meta.now(), subresource))
