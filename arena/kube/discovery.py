"""The resource types and versions that a cluster serves, requested once and then remembered."""

import threading
from collections.abc import Sequence
from time import monotonic
from typing import Any

from arena.errors import ArenaError, NotAllowed, NotFound, Unreachable
from arena.kube import faults
from arena.kube.faults import Asked
from arena.kube.transport import Request, Transport, parsed
from arena.resources import Resource

_AGGREGATED = ",".join(
    f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
    for version in ("v2", "v2beta1")
)

_MOMENT = 2.0
"""Seconds for which an error is remembered."""


class Discovery:
    """Answers from `/apis`; may be shared by threads.

    Clusters since 1.26 return all groups with their types in one answer; older ones list only groups and
    versions, so a version is requested when needed.
    """

    def __init__(self, transport: Transport, asked: Asked) -> None:
        self._transport = transport
        self._asked = asked
        self._lock = threading.RLock()
        self._versions: dict[str, list[str]] | None = None
        self._plurals: dict[tuple[str, str], frozenset[str]] = {}
        self._errors: dict[str, tuple[ArenaError, float]] = {}
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
        """The names of the fields of a type's spec; None if the cluster does not return them."""
        with self._lock:
            if (group, version, kind) not in self._fields:
                self._fields[group, version, kind] = self._described(group, version, kind)
            return self._fields[group, version, kind]

    def without_objects(self, resources: Sequence[Resource], namespace: str | None) -> Sequence[Resource]:
        """Those types of which a namespace (None for all) has no object, if the server tells that at once."""
        if not (extras := self._transport.endpoint.extras):
            return ()
        keys = {f"{one.group}/{one.plural}": one for one in resources}
        query = {"namespace": namespace, "types": ",".join(keys)}
        try:
            found = self._transport.json(Request(self._asked, "GET", f"{extras}/types", query)).get("types")
        except ArenaError:
            return ()
        return [keys[one] for one in keys if one not in found] if isinstance(found, list) else ()

    def about(self) -> tuple[str, str]:
        """The version of the server and its time in the form of HTTP; "" for what it does not tell."""
        reply = self._transport.send(Request(self._asked, "GET", "/version"))
        version = parsed(reply.data, self._asked).get("gitVersion")
        return str(version or ""), reply.header("Date")

    def traffic(self) -> str:
        """What the server has counted of the requests to pods, as Prometheus reads it; "" if it does not."""
        if not (extras := self._transport.endpoint.extras):
            return ""
        return self._transport.body(Request(self._asked, "GET", f"{extras}/metrics")).decode(errors="replace")

    def _described(self, group: str, version: str, kind: str) -> frozenset[str] | None:
        from arena.kube import definitions  # few types have a field that only some releases have

        path = f"apis/{group}/{version}" if group else f"api/{version}"
        for where in definitions.PATHS:
            try:
                found = definitions.spec_fields(self._get(where.format(path=path)), group, version, kind)
            except (NotFound, NotAllowed, Unreachable):
                # Before 1.24, a server does not know the first path, and its answer is not one of an API.
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
                # A group marked stale may be empty only because its server was down, so it is asked directly.
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
                # A server lists a new group before it serves it.
                names = []
            found = self._plurals[group, version] = frozenset(names)
        return found

    def _get(self, path: str, accept: str = "application/json") -> dict[str, Any]:
        """The answer; an error is remembered for a moment, as each kind of a broken group asks for it."""
        error, until = self._errors.get(path, (None, 0.0))
        if error is not None and monotonic() < until:
            raise error
        try:
            return self._transport.json(Request(self._asked, "GET", path, accept=accept))
        except ArenaError as error:
            self._errors[path] = error, monotonic() + _MOMENT
            raise


def _plain(answer: dict[str, Any]) -> dict[str, list[str]]:
    return {group["name"]: _ordered(group) for group in answer.get("groups", [])}


def _ordered(group: dict[str, Any]) -> list[str]:
    preferred = (group.get("preferredVersion") or {}).get("version")
    versions = [one["version"] for one in group.get("versions", [])]
    return sorted(versions, key=lambda version: bool(version != preferred))
