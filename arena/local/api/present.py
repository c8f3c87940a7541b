"""What the client wants to see of objects: all, a table, or the metadata alone."""

from collections.abc import Mapping
from typing import Any

from arena.local.api.options import Page
from arena.local.api.store import encode
from arena.local.api.types import Type
from arena.local.objects import Object


def shaped(accept: str) -> bool:
    """Whether the client wants anything but the objects as they are."""
    return False


def is_table(accept: str) -> bool:
    """Whether the client wants a table."""
    return False


def one(kind: Type, obj: Object, accept: str, query: Mapping[str, str], header: bool = True) -> Object:
    """The object as the Accept header asks for it."""
    return obj


def empty_table(meta: Object) -> Object:
    """A table without rows."""
    return {}


def many(kind: Type, page: Page, accept: str, query: Mapping[str, str]) -> str:
    """The page as the Accept header asks for it, as JSON text."""
    meta: dict[str, Any] = {"resourceVersion": str(page.version)}
    if page.token:
        meta["continue"] = page.token
    if page.remaining is not None:
        meta["remainingItemCount"] = page.remaining
    resource = kind.resource
    head = encode({"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": meta})
    return f'{head[:-1]},"items":[{",".join(page.texts)}]}}\n'
