"""The OpenAPI v3 documents: what `kubectl apply`, `diff` and `explain` look up there."""

from collections.abc import Iterable, Sequence
from typing import Any

from arena.local.api.types import Type
from arena.local.objects import Object


def index(paths: Iterable[str]) -> Object:
    """The list of documents, one for each group and version."""
    return {"paths": {path: {"serverRelativeURL": f"/openapi/v3/{path}"} for path in paths}}


def document(path: str, kinds: Sequence[Type]) -> Object:
    """The document of one group and version."""
    return {
        "openapi": "3.0.0",
        "info": {"title": "arena local cluster", "version": "1"},
        "paths": {_url(path, kind): _operations(kind) for kind in kinds},
        "components": {"schemas": {}},
    }


def _url(path: str, kind: Type) -> str:
    space = "namespaces/{namespace}/" if kind.resource.namespaced else ""
    return f"/{path}/{space}{kind.resource.plural}/{{name}}"


def _operations(kind: Type) -> Object:
    """Clients look here whether the server checks fields (`fieldValidation`)."""
    resource = kind.resource
    gvk = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    names = ("dryRun", "fieldManager", "fieldValidation", "force")
    parameters: list[Any] = [{"name": one, "in": "query", "schema": {"type": "string"}} for one in names]
    operation = {
        "x-kubernetes-group-version-kind": gvk,
        "parameters": parameters,
        "responses": {"200": {"description": "OK"}},
    }
    return dict.fromkeys(("get", "put", "patch", "delete"), operation)
