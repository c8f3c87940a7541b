"""What happens to an object between the request and the store: defaults, checks, what may change."""

from arena.local.api import defaults, meta
from arena.local.api.options import Writing
from arena.local.api.store import Store
from arena.local.api.types import Type
from arena.local.objects import Object


def create(store: Store, kind: Type, obj: Object, how: Writing) -> Object:
    """The object as it will be stored.

    Raises:
        Refused: 400 for unknown fields when strict; 422 for values that are not allowed.
    """
    if kind.has_status:
        obj.pop("status", None)
    defaults.fill(kind, obj)
    return obj


def update(store: Store, kind: Type, old: Object, new: Object, subresource: str, how: Writing) -> Object:
    """The changed object as it will be stored; only its status, or all but its status, is taken over.

    Raises:
        Refused: as `create`, and 409 when `new` was made from another version of the object.
    """
    new["metadata"] = dict(new.get("metadata") or {})
    meta.keep(kind, old, new)
    if subresource == "status":
        return {**old, "status": new.get("status") or {}}
    if kind.has_status:
        new.pop("status", None)
        if "status" in old:
            new["status"] = old["status"]
    defaults.fill(kind, new)
    return new
