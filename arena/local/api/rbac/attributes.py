"""What a request asks for, in the terms of roles, and its refusal in Kubernetes' words."""

import re
from collections.abc import Mapping
from typing import Any

from arena.local.api import refusals
from arena.local.objects import Refused, Resource
from arena.tuples import NamedTuple

_VERBS = {
    "GET": "get",
    "HEAD": "get",
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
_NAMED = re.compile(r"(?:^|,)metadata\.name==?([^,]+)(?:,|$)")


class Attributes(NamedTuple):
    """One request; its `path` is "" if it is about a resource."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    name: str = ""
    namespace: str = ""
    path: str = ""

    @property
    def full_resource(self) -> str:
        """`pods`, `pods/log`."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def of(method: str, path: str, query: Mapping[str, str]) -> Attributes:
    """The attributes of a request, whether or not the server has such a type."""
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["api"] and len(parts) > 2:
        group, rest = "", parts[2:]
    elif parts[:1] == ["apis"] and len(parts) > 3:
        group, rest = parts[1], parts[3:]
    else:
        return Attributes(method.lower(), path=path or "/")
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        if len(rest) > 2 and rest[2] not in ("status", "finalize"):
            rest = rest[2:]
    resource, name, subresource = (*rest, "", "")[:3]
    verb = _VERBS.get(method, "")
    if not name and verb == "get":
        verb = "watch" if query.get("watch") in ("true", "1", "True") else "list"
        found = _NAMED.search(query.get("fieldSelector", ""))
        name = found[1] if found else ""
    elif not name and verb == "delete":
        verb = "deletecollection"
    return Attributes(verb, group, resource, subresource, name, namespace)


def asked(spec: Mapping[str, Any]) -> Attributes:
    """The attributes that the spec of a review asks for."""
    if path := spec.get("nonResourceAttributes"):
        return Attributes(path.get("verb", ""), path=path.get("path", ""))
    about = spec.get("resourceAttributes") or {}
    names = ("verb", "group", "resource", "subresource", "name", "namespace")
    return Attributes(*(about.get(name) or "" for name in names))


def forbidden(wanted: Attributes, user: str, reason: str) -> Refused:
    """403 Forbidden: no binding grants it."""
    if not wanted.resource:
        message = f'forbidden: User "{user}" cannot {wanted.verb} path "{wanted.path}"'
        return refusals.of_code(403, f"{message}: {reason}" if reason else message)
    place = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
    why = (
        f'User "{user}" cannot {wanted.verb} resource "{wanted.full_resource}" '
        f'in API group "{wanted.group}" {place}'
    )
    resource = Resource(wanted.group, "", wanted.resource, "")
    return refusals.denied(resource, wanted.name, f"{why}: {reason}" if reason else why)
