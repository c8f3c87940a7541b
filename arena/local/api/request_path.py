"""Paths of requests: objects, lists and documents."""

from dataclasses import dataclass

from arena.local.api import refusals
from arena.local.api.resource_types import Type, find


@dataclass(frozen=True, slots=True)
class Target:
    """The target of a path below `/api/v1` or `/apis/GROUP/VERSION`."""

    kind: Type
    namespace: str | None = None
    name: str = ""
    subresource: str = ""

    @property
    def across(self) -> bool:
        """Whether it is the objects of all namespaces."""
        return self.kind.resource.namespaced and self.namespace is None


def target(path: str) -> Target:
    """The target of a resource path.

    Raises:
        Refused: 404 if the server has no such type or subresource.
    """
    parts = [part for part in path.split("/") if part]
    if parts[:2] == ["api", "v1"]:
        group, version, rest = "", "v1", parts[2:]
    elif parts[:1] == ["apis"] and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        raise refusals.unknown()
    namespace = None
    if len(rest) > 2 and rest[0] == "namespaces" and find(group, version, rest[2]):
        namespace, rest = rest[1], rest[2:]
    kind = find(group, version, rest[0]) if rest else None
    if kind is None or len(rest) > 3:
        raise refusals.unknown()
    name, subresource = (*rest[1:], "", "")[:2]
    if subresource and subresource not in kind.subresources:
        raise refusals.unknown()
    if name and kind.resource.namespaced and namespace is None:
        raise refusals.unknown()
    return Target(kind, namespace, name, subresource)
