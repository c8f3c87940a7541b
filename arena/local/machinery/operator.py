"""The interface of all operators, and how the installed ones are found."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from arena.local import pod_limit
from arena.local.installed import modules
from arena.local.machinery.writes import event
from arena.local.objects import Object, Objects, Refused, Resource, WatchEvent, key, owner

Key = tuple[str, ...]
"""What an operator works on: (namespace, name), or what its own `keys` returns."""

Reconcile = Callable[[Objects, Object, datetime], float | None]
"""Brings one object's state closer to its spec; returns the seconds until the next call, or None."""

Related = Callable[[Objects, Object], Iterable[Key]]
"""The keys that a change of an object of another type affects."""


@dataclass(frozen=True)
class Operator:
    """One operator.

    Attributes:
        watches: the types whose changes it receives.
        keys: returns the keys to reconcile after a change.
        reconcile: brings the state of the key's object closer to its spec; returns the seconds
            until the next call without a change, or None.
        forget: drops what it remembers of a watch, when another one begins.
        open: takes over what an earlier server has left besides objects; it gets the state folder.
        close: releases what it holds besides objects.
    """

    name: str
    watches: tuple[Resource, ...]
    keys: Callable[[Objects, WatchEvent], Iterable[Key]]
    reconcile: Callable[[Objects, Key, datetime], float | None]
    forget: Callable[[], None] = field(default=lambda: None, kw_only=True)
    open: Callable[[Objects, str], None] = field(default=lambda objects, folder: None, kw_only=True)
    close: Callable[[], None] = field(default=lambda: None, kw_only=True)


def of_kind(
    resource: Resource,
    reconcile: Reconcile,
    owns: tuple[Resource, ...] = (),
    related: Mapping[Resource, Related] | None = None,
) -> Operator:
    """The operator of one kind: it reacts to its objects, to those they own, and to related ones.

    Objects that are deleted are not reconciled: the garbage collector removes what they own.
    """
    others = related or {}

    def keys(objects: Objects, change: WatchEvent) -> Iterable[Key]:
        own = [key(change.object)] if change.resource == resource else []
        above = _owner_key(resource, change.object) if change.resource in owns else []
        beyond = others[change.resource](objects, change.object) if change.resource in others else []
        return [*own, *above, *beyond]

    def run(objects: Objects, item: Key, now: datetime) -> float | None:
        namespace, name = item
        obj = objects.get(resource, name, namespace or None)
        if obj is None or obj["metadata"].get("deletionTimestamp"):
            return None
        if why := pod_limit.excess(obj):  # stored by an earlier server
            event(objects, (resource, obj), now, "Warning", "TooManyPods", f"{resource.kind} {name} {why}")
            return None
        try:
            return reconcile(objects, obj, now)
        except Refused as refusal:
            # The pass is retried; without the Event nothing would show why the object makes no progress.
            if refusal.code in (403, 422):
                event(objects, (resource, obj), now, "Warning", "FailedReconcile", refusal.message)
            raise

    watches = tuple(dict.fromkeys((resource, *owns, *others)))
    return Operator(resource.kind, watches, keys, run)


def _owner_key(resource: Resource, obj: Object) -> list[Key]:
    reference = owner(obj)
    if reference is None or reference["kind"] != resource.kind:
        return []
    group = reference["apiVersion"].rpartition("/")[0]
    return [(key(obj)[0], reference["name"])] if group == resource.group else []


def every() -> list[Operator]:
    """The installed operators: those of the modules that have a function `operator`."""
    return [module.operator() for module in modules() if hasattr(module, "operator")]
