"""The OpenAPI documents that `kubectl apply`, `create`, `diff` and `explain` read.

Version 3 is complete. Version 2 exists but is empty: clients that validate the items of a `List` themselves
request it, and leave the validation to the server if it contains no type.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from arena.local.api import schema
from arena.local.api.resource_types import MEASURED, Type
from arena.local.api.schema import Schema
from arena.local.objects import Object

OLD: Object = {"swagger": "2.0", "info": {"title": "arena local cluster", "version": "1"}, "paths": {}}
"""The document of version 2."""
OLD_PROTOBUF = b"\x0a\x032.0"
"""The same in the form that those clients request: field 1, text of 3 bytes."""
OLD_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

_PREFIX = "#/components/schemas/"
_TYPES: dict[str, Object] = {
    "": {},
    "quantity": {
        "oneOf": [{"type": "string"}, {"type": "number"}],
        "description": "A quantity such as 500m or 2Gi.",
    },
    "int-or-string": {
        "anyOf": [{"type": "integer"}, {"type": "string"}],
        "x-kubernetes-int-or-string": True,
    },
}
"""How types are written that are none of OpenAPI."""
_NAMED = {"quantity": "Quantity", "int-or-string": "IntOrString"}
"""Those that have names, which `kubectl explain` shows; custom kinds do not refer to them."""
_OURS = ("type", "items", "properties", "values", "required", "needed", "defaults", "kept", "keys", "set",
         "merge", "atomic", "open", "embedded", "replaced", "rules")  # fmt: skip
"""Keys that `schema` reads, and OpenAPI writes in another way or not at all."""


def index(paths: Iterable[str]) -> Object:
    """The list of documents, one for each group and version."""
    return {"paths": {path: {"serverRelativeURL": f"/openapi/v3/{path}"} for path in paths}}


def document(path: str, kinds: Sequence[Type]) -> Object:
    """The document of one group and version."""
    roots = [(kind, schema.root(kind)) for kind in kinds if kind.verbs != MEASURED]
    is_custom = any(kind.custom for kind in kinds)
    shown = _writer({} if is_custom else _NAMED)
    schemas = {} if is_custom else {name: _TYPES[one] for one, name in _NAMED.items()}
    schemas |= {one.name: written(one, shown) for one in _reached([root for _, root in roots])}
    for kind, root in roots:
        schemas[root.name] |= {
            "x-kubernetes-group-version-kind": [_gvk(kind)],
            "description": f"{kind.resource.kind} of {kind.resource.api_version}, on the local cluster.",
        }
    return {
        "openapi": "3.0.0",
        "info": {"title": "arena local cluster", "version": "1"},
        "paths": {_url(path, kind): _operations(kind) for kind in kinds},
        "components": {"schemas": schemas},
    }


def _url(path: str, kind: Type) -> str:
    space = "namespaces/{namespace}/" if kind.resource.namespaced else ""
    return f"/{path}/{space}{kind.resource.plural}/{{name}}"


def _gvk(kind: Type) -> Object:
    resource = kind.resource
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


def _operations(kind: Type) -> Object:
    """The operations, in which clients look for support of `fieldValidation`."""
    names = ("dryRun", "fieldManager", "fieldValidation", "force")
    parameters: list[Any] = [{"name": one, "in": "query", "schema": {"type": "string"}} for one in names]
    operation = {
        "x-kubernetes-group-version-kind": _gvk(kind),
        "parameters": parameters,
        "responses": {"200": {"description": "OK"}},
    }
    return dict.fromkeys(("get", "put", "patch", "delete"), operation)


def _reached(roots: Iterable[Schema]) -> list[Schema]:
    """The structures with names that these refer to, with themselves."""
    found: dict[Schema, None] = {}
    todo = list(roots)
    while todo:
        one = todo.pop()
        if one not in found:
            found[one] = None
            todo += schema.below(one)
    return [one for one in found if one.name]


def _writer(named: Mapping[str, str]) -> Callable[[Schema], Object]:
    """Writes a structure, or a reference to it if it has a name; each once, as many occur often.

    Args:
        named: the names of types.
    """

    @cache
    def shown(one: Schema) -> Object:
        name = one.name or named.get(one.type, "")
        return {"allOf": [{"$ref": _PREFIX + name}]} if name else written(one, shown)

    return shown


def written(one: Schema, inner: Callable[[Schema], Object]) -> Object:
    """A structure in the words of OpenAPI; `inner` writes those of its fields, items and values."""
    found: Object = {key: value for key, value in one.raw.items() if key not in _OURS}
    if found.get("format") in schema.TIMES:
        found["format"] = "date-time"
    found |= _TYPES.get(one.type, {"type": one.type}) | _marks(one)
    if one.fields:
        found["properties"] = {name: inner(field) for name, field in one.fields.items()}
    if one.type == "array":
        found["items"] = inner(one.item)
    elif one.values:
        found["additionalProperties"] = inner(one.values)
    if one.required:
        found["required"] = list(one.required)
    return found


def _marks(one: Schema) -> Object:
    """What Kubernetes adds to OpenAPI."""
    if one.keys:
        return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(one.keys)}
    if one.is_set:
        return {"x-kubernetes-list-type": "set"}
    if one.is_open:
        return {"x-kubernetes-preserve-unknown-fields": True}
    return {"x-kubernetes-map-type": "atomic"} if one.is_atomic and one.type == "object" else {}
