"""The shape that all operators share, and how the package finds them."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import arena.local.operators as package
from arena.local.objects import Change, Object, Objects, Refused, Resource, key, owner
from arena.local.operators.writes import event

Key = tuple[str, ...]
"""What an operator works on: (namespace, name), or whatever its own `keys` gives."""

Reconcile = Callable[[Objects, Object, datetime], float | None]
"""Brings the world nearer to one object's spec; seconds until it wants to be called again."""

Related = Callable[[Objects, Object], Iterable[Key]]
"""The keys that a changed object of another type concerns."""


@dataclass(frozen=True)
class Operator:
    """One operator.

    Attributes:
        watches: the types whose changes it wants to see.
        keys: a change -> the keys to reconcile.
        reconcile: brings the world nearer to what the key's object asks for; returns the seconds
            until it wants to be called again without a change, or None.
        forget: drops what it remembers of the watch, as another one begins.
        close: gives back what it holds besides objects.
    """

    name: str
    watches: tuple[Resource, ...]
    keys: Callable[[Objects, Change], Iterable[Key]]
    reconcile: Callable[[Objects, Key, datetime], float | None]
    forget: Callable[[], None] = lambda: None
    close: Callable[[], None] = lambda: None


def of_kind(
    resource: Resource,
    reconcile: Reconcile,
    owns: tuple[Resource, ...] = (),
    related: Mapping[Resource, Related] | None = None,
) -> Operator:
    """The operator of one kind: its objects, those that it owns, and others by a rule of their own.

    Objects that are gone or going are not reconciled: what they own is the garbage collector's.
    """
    others = related or {}

    def keys(objects: Objects, change: Change) -> Iterable[Key]:
        own = [key(change.object)] if change.resource == resource else []
        above = _owner_key(resource, change.object) if change.resource in owns else []
        beyond = others[change.resource](objects, change.object) if change.resource in others else []
        return [*own, *above, *beyond]

    def run(objects: Objects, item: Key, now: datetime) -> float | None:
        namespace, name = item
        obj = objects.get(resource, name, namespace or None)
        if obj is None or obj["metadata"].get("deletionTimestamp"):
            return None
        try:
            return reconcile(objects, obj, now)
        except Refused as refusal:
            # It is tried again; but nothing else would tell why nothing comes of it.
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
    """The operators of this package, by listing its modules."""
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    modules = (importlib.import_module(f"{package.__name__}.{name}") for name in names)
    return [module.operator() for module in modules if hasattr(module, "operator")]
