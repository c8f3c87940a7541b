"""Which resource types and versions a cluster serves: asked once, then remembered."""

import threading
from typing import Any

from arena.errors import NotAllowed, NotFound, Unreachable
from arena.kube import definitions, faults
from arena.kube.faults import Asked
from arena.kube.transport import Request, Transport

_AGGREGATED = ",".join(
    f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
    for version in ("v2", "v2beta1")
)


class Discovery:
    """Answers from `/apis`; may be shared by threads.

    Clusters since 1.26 tell all groups with their types in that one answer; older ones name only the
    groups and versions, and a version is then asked for when it is wanted.
    """

    def __init__(self, transport: Transport, asked: Asked) -> None:
        self._transport = transport
        self._asked = asked
        self._lock = threading.RLock()
        self._versions: dict[str, list[str]] | None = None
        self._plurals: dict[tuple[str, str], frozenset[str]] = {}
        self._fields: dict[tuple[str, str, str], frozenset[str] | None] = {}

    def version(self, group: str, plural: str) -> str | None:
        """The preferred version in which the cluster serves a type, or None."""
        with self._lock:
            served = ["v1"] if not group else self._groups().get(group, [])
            return next((one for one in served if plural in self._types(group, one)), None)

    def serves(self, group: str, version: str, plural: str) -> bool:
        """Whether the cluster serves a type in this version."""
        with self._lock:
            known = not group or version in self._groups().get(group, [])
            return known and plural in self._types(group, version)

    def fields(self, group: str, version: str, kind: str) -> frozenset[str] | None:
        """The names of the fields of a type's spec; None where the cluster does not tell them."""
        with self._lock:
            if (group, version, kind) not in self._fields:
                self._fields[group, version, kind] = self._described(group, version, kind)
            return self._fields[group, version, kind]

    def _described(self, group: str, version: str, kind: str) -> frozenset[str] | None:
        path = f"apis/{group}/{version}" if group else f"api/{version}"
        for where in definitions.PATHS:
            try:
                found = definitions.spec_fields(self._get(where.format(path=path)), group, version, kind)
            except (NotFound, NotAllowed, Unreachable):
                # Before 1.24 a server does not know the first of them, and says so as no API would.
                continue
            if found:
                return found
        return None

    def _groups(self) -> dict[str, list[str]]:
        """Group -> versions, the preferred one first."""
        if self._versions is None:
            answer = self._get("/apis", f"{_AGGREGATED},application/json")
            readers = {"APIGroupDiscoveryList": self._aggregated, "APIGroupList": _plain}
            if answer.get("kind") not in readers:
                raise faults.not_json(self._asked)
            try:
                self._versions = readers[answer["kind"]](answer)
            except (KeyError, TypeError, AttributeError):
                raise faults.not_json(self._asked) from None
        return self._versions

    def _aggregated(self, answer: dict[str, Any]) -> dict[str, list[str]]:
        groups: dict[str, list[str]] = {}
        for group in answer.get("items") or ():
            name = group["metadata"]["name"]
            versions = group.get("versions") or ()
            groups[name] = [one["version"] for one in versions]
            for one in versions:
                # What is marked stale may be empty only because its server was away: ask it directly.
                if one.get("freshness") != "Stale":
                    plurals = frozenset(each["resource"] for each in one.get("resources") or ())
                    self._plurals[name, one["version"]] = plurals
        return groups

    def _types(self, group: str, version: str) -> frozenset[str]:
        found = self._plurals.get((group, version))
        if found is None:
            path = f"/apis/{group}/{version}" if group else f"/api/{version}"
            try:
                names = [one["name"] for one in self._get(path).get("resources") or ()]
            except NotFound:
                names = []
            except faults.NoApi:
                if not group:
                    raise
                # A server names a new group before it answers for it.
                names = []
            found = self._plurals[group, version] = frozenset(names)
        return found

    def _get(self, path: str, accept: str = "application/json") -> dict[str, Any]:
        return self._transport.json(Request(self._asked, "GET", path, accept=accept))


def _plain(answer: dict[str, Any]) -> dict[str, list[str]]:
    return {group["name"]: _ordered(group) for group in answer.get("groups", [])}


def _ordered(group: dict[str, Any]) -> list[str]:
    preferred = (group.get("preferredVersion") or {}).get("version")
    versions = [one["version"] for one in group.get("versions", [])]
    return sorted(versions, key=lambda version: bool(version != preferred))
