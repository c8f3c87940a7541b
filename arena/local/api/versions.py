"""Objects of kinds that are served in several versions: all are stored in one of them.

The versions of custom kinds differ in their structure alone, as those of a CustomResourceDefinition without
conversion; the definition of a built-in kind converts its objects.
"""

import json
from collections import deque

from arena.local.api import schema, structure
from arena.local.api.resource_types import Type
from arena.local.api.store import encode
from arena.local.objects import Object


def stored(kind: Type, obj: Object) -> Object:
    """The object in the version in which it is stored; shares its content with the given one."""
    if kind.conversion:
        return kind.conversion.up(obj) if obj.get("apiVersion") == kind.resource.api_version else obj
    return obj if kind.stored is None else {**obj, "apiVersion": kind.stored.api_version}


def served(kind: Type, obj: Object) -> Object:
    """A stored object, which is changed, in the version of a type, without what that has no fields for."""
    if kind.stored is None:
        return obj
    if kind.conversion:
        return kind.conversion.down(obj)
    found = {**obj, "apiVersion": kind.resource.api_version}
    deque(structure.prune(schema.root(kind), found), maxlen=0)
    return found


def text(kind: Type, body: str) -> str:
    """The same of an object as JSON text."""
    return body if kind.stored is None else encode(served(kind, json.loads(body)))


def warning(kind: Type) -> str:
    """What is said about requests of a version that is deprecated; "" of others."""
    if kind.stored is None or not (kind.facts or {}).get("deprecated"):
        return ""
    name = kind.resource.kind
    return f"{kind.resource.api_version} {name} is deprecated; use {kind.stored.api_version} {name}"
