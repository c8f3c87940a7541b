"""The OpenAPI documents that `kubectl apply`, `create`, `diff` and `explain` read.

Version 3 is complete. Version 2 exists but is empty: clients that validate the items of a `List` themselves
request it, and leave the validation to the server if it contains no type.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from arena.local.api import schema
from arena.local.api.resource_types import Type
from arena.local.api.schema import Shape
from arena.local.objects import Object

OLD: Object = {"swagger": "2.0", "info": {"title": "arena local cluster", "version": "1"}, "paths": {}}
"""The document of version 2."""
OLD_PROTOBUF = b"\x0a\x032.0"
"""The same in the form that those clients request: field 1, text of 3 bytes."""
OLD_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

_PREFIX = "#/components/schemas/"
_LEAVES: dict[str, Object] = {
    "s": {"type": "string"},
    "i": {"type": "integer", "format": "int32"},
    "n": {"type": "number"},
    "b": {"type": "boolean"},
    "q": {
        "oneOf": [{"type": "string"}, {"type": "number"}],
        "description": "A quantity such as 500m or 2Gi.",
    },
    "t": {"type": "string", "format": "date-time"},
    "x": {"oneOf": [{"type": "integer"}, {"type": "string"}]},
}


def index(paths: Iterable[str]) -> Object:
    """The list of documents, one for each group and version."""
    return {"paths": {path: {"serverRelativeURL": f"/openapi/v3/{path}"} for path in paths}}


def document(path: str, kinds: Sequence[Type]) -> Object:
    """The document of one group and version."""
    schemas = {name: _struct(name) for name in _reached(kinds)}
    for kind in kinds:
        if kind.resource.kind in schemas:
            schemas[kind.resource.kind] |= {
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


def _reached(kinds: Sequence[Type]) -> list[str]:
    """The structures that the kinds refer to."""
    known = set(schema.structs())
    found: list[str] = []
    todo = [kind.resource.kind for kind in kinds if kind.resource.kind in known]
    while todo:
        name = todo.pop()
        if name not in found:
            found.append(name)
            for shape in schema.fields(name).values():
                inner = shape.item if shape.is_list or shape.is_map else shape
                todo += [inner.text] if inner.is_struct else []
    return found


def _struct(name: str) -> Object:
    properties = {key: _shape(shape) for key, shape in schema.fields(name).items()}
    found: Object = {"type": "object", "description": name, "properties": properties}
    if needed := schema.required(name):
        found["required"] = list(needed)
    return found


def _shape(shape: Shape) -> Object:
    if shape.is_struct:
        return {"allOf": [{"$ref": _PREFIX + shape.text}], "default": {}}
    if shape.is_map:
        return {"type": "object", "additionalProperties": _shape(shape.item)}
    if shape.is_list:
        return {"type": "array", "items": _shape(shape.item)}
    return dict(_LEAVES.get(shape.text, {"type": "object"}))
