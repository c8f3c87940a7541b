"""Defaults: what the API fills in where the writer left it out. All functions change in place."""

from arena.local.api.types import Type
from arena.local.objects import Object


def fill(kind: Type, obj: Object) -> None:
    """Fill in the defaults of the type."""
    if kind.key == "/namespaces":
        obj.setdefault("spec", {"finalizers": ["kubernetes"]})
        obj.setdefault("status", {}).setdefault("phase", "Active")
    if kind.key == "/pods":
        obj.setdefault("status", {}).setdefault("phase", "Pending")
