"""Discovery documents: versions, types and the schema of objects."""

import json
from functools import cache
from typing import Any

from arena.local.api import openapi
from arena.local.api.refusals import of_code
from arena.local.api.resource_types import TYPES, Type
from arena.local.objects import VERSION, Object
from arena.tuples import NamedTuple

_MAJOR, _MINOR = VERSION.split(".")
_VERSION: Object = {
    "major": _MAJOR, "minor": _MINOR, "gitVersion": f"v{VERSION}.0+arena", "gitCommit": "",
    "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z", "goVersion": "none", "compiler": "none",
    "platform": "local/process",
}  # fmt: skip
"""The whole version: typed clients refuse one that lacks a field."""
_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


_READ = ("GET", "HEAD")
_HEALTH = ("/healthz", "/livez", "/readyz")


class Document(NamedTuple):
    """An answer that does not depend on objects."""

    body: bytes
    content_type: str = "application/json"
    methods: tuple[str, ...] = ("GET",)


def document(path: str, accept: str) -> Document | None:
    """The document at the path; None if the path is one of objects.

    Raises:
        Refused: 404 for a group or document that the server does not have.
    """
    aggregated = "as=APIGroupDiscoveryList" in accept and "v=v2;" in accept + ";"
    if aggregated and path in ("/api", "/apis"):
        return Document(_dump(_all(path == "/api")), _AGGREGATED)
    if path in _HEALTH:
        return Document(b"ok", "text/plain", _READ)
    if path == "/openapi/v2" and "protobuf" in accept:
        return Document(openapi.OLD_PROTOBUF, openapi.OLD_TYPE)
    found = _plain(path)
    if found is None and (path.startswith("/openapi") or not path.startswith("/api")):
        raise of_code(404, "the server could not find the requested resource")
    methods = _READ if path.startswith("/openapi") else ("GET",)
    return None if found is None else Document(_dump(found), methods=methods)


def _dump(value: Object) -> bytes:
    return json.dumps(value).encode()


def _plain(path: str) -> Object | None:
    parts = [part for part in path.split("/") if part]
    if path in ("", "/version"):
        return _VERSION if path else {"paths": _paths()}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
    if path == "/apis":
        groups = [_group(name) for name in _groups() if name]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
    if path == "/openapi/v2":
        return openapi.OLD
    if path == "/openapi/v3":
        return openapi.index([_path(*one) for one in _group_versions()])
    if parts[:2] == ["openapi", "v3"]:
        return _schema("/" + "/".join(parts[2:]))
    if parts == ["api", "v1"]:
        return _resources("", "v1")
    if len(parts) == 2 and parts[0] == "apis" and parts[1] in _groups():
        return {"kind": "APIGroup", "apiVersion": "v1", **_group(parts[1])}
    if len(parts) == 3 and parts[0] == "apis" and (parts[1], parts[2]) in _group_versions():
        return _resources(parts[1], parts[2])
    return None


def _paths() -> list[str]:
    """The paths of all documents but the schemas of single groups."""
    versions = [f"/{_path(*one)}" for one in _group_versions()]
    groups = [f"/apis/{name}" for name in _groups() if name]
    return sorted(["/api", "/apis", *_HEALTH, "/openapi/v2", "/openapi/v3", "/version", *versions, *groups])


def _path(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


@cache
def _group_versions() -> tuple[tuple[str, str], ...]:
    return tuple(dict.fromkeys((one.resource.group, one.resource.version) for one in TYPES))


@cache
def _groups() -> tuple[str, ...]:
    return tuple(dict.fromkeys(group for group, _ in _group_versions()))


def _of(group: str, version: str) -> list[Type]:
    return [one for one in TYPES if (one.resource.group, one.resource.version) == (group, version)]


def _schema(path: str) -> Object | None:
    for group, version in _group_versions():
        if path == "/" + _path(group, version):
            return openapi.document(_path(group, version), _of(group, version))
    return None


def _group(name: str) -> Object:
    versions = [
        {"groupVersion": f"{group}/{version}", "version": version}
        for group, version in _group_versions()
        if group == name
    ]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


_FOREIGN = ("Eviction", "Scale")
"""Kinds of subresources that belong to another group than the kind itself."""


def _resources(group: str, version: str) -> Object:
    rows: list[Object] = []
    for kind in _of(group, version):
        rows.append(_row(kind))
        for name in kind.subresources:
            answer = _answer(kind, name)
            rows.append({
                "name": f"{kind.resource.plural}/{name}",
                "singularName": "",
                "namespaced": kind.resource.namespaced,
                "kind": answer["kind"],
                "verbs": _verbs(name),
            } | {key: answer[key] for key in ("group", "version") if answer["kind"] in _FOREIGN})  # fmt: skip
    api_version = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version, "resources": rows}


def _row(kind: Type) -> Object:
    row: Object = {
        "name": kind.resource.plural,
        "singularName": kind.singular,
        "namespaced": kind.resource.namespaced,
        "kind": kind.resource.kind,
        "verbs": list(kind.verbs),
    }
    if kind.short:
        row["shortNames"] = list(kind.short)
    if kind.categories:
        row["categories"] = list(kind.categories)
    return row


def _answer(kind: Type, subresource: str) -> dict[str, str]:
    special = {
        "scale": ("autoscaling", "v1", "Scale"),
        "binding": ("", "v1", "Binding"),
        "eviction": ("policy", "v1", "Eviction"),
        "attach": ("", "v1", "PodAttachOptions"),
        "exec": ("", "v1", "PodExecOptions"),
        "portforward": ("", "v1", "PodPortForwardOptions"),
    }
    resource = kind.resource
    own = (resource.group, resource.version, resource.kind)
    return dict(zip(("group", "version", "kind"), special.get(subresource, own), strict=True))


def _verbs(subresource: str) -> list[str]:
    if subresource in ("status", "scale"):
        return ["get", "patch", "update"]
    if subresource in ("binding", "eviction"):
        return ["create"]
    return ["get"] if subresource == "log" else ["create", "get"]


def _all(core: bool) -> Object:
    names = [""] if core else [name for name in _groups() if name]
    items: list[Any] = []
    for name in names:
        versions = [
            {
                "version": version,
                "freshness": "Current",
                "resources": [_aggregated(k) for k in _of(group, version)],
            }
            for group, version in _group_versions()
            if group == name
        ]
        items.append({"metadata": {"name": name} if name else {}, "versions": versions})
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    }


def _aggregated(kind: Type) -> Object:
    row: Object = {
        "resource": kind.resource.plural,
        "responseKind": _answer(kind, ""),
        "scope": "Namespaced" if kind.resource.namespaced else "Cluster",
        "singularResource": kind.singular,
        "verbs": list(kind.verbs),
    }
    if kind.short:
        row["shortNames"] = list(kind.short)
    if kind.categories:
        row["categories"] = list(kind.categories)
    if kind.subresources:
        row["subresources"] = [
            {"subresource": name, "responseKind": _answer(kind, name), "verbs": _verbs(name)}
            for name in kind.subresources
        ]
    return row
