"""A server that gives the objects that were put on it, by their paths, and notes what it was asked."""

from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs

from servers import Stage, refuses, says

from arena.kube import Cluster
from arena.local.api import selectors
from arena.resources import PODS, Resource

Object = dict[str, Any]


class Shelf:
    """Types and objects of a cluster whose operators are not at hand; nothing can be changed."""

    def __init__(self) -> None:
        self._stage = Stage()
        self._stage.answers = [self._answer]
        self._lists: dict[str, list[Object]] = {}
        self._said: dict[str, Object] = {}
        self._types: dict[tuple[str, str], set[str]] = {}
        self.refused: set[str] = set()
        """Types that this user may not read."""
        self.cluster = Cluster.at(self._stage.url, "the test's cluster")

    def put(self, resource: Resource, namespace: str | None, *objects: Object) -> None:
        """Serve the type, and these objects as all there are in the namespace."""
        plural = resource.plural.partition("/")[0]
        self._types.setdefault((resource.group, resource.version), set()).add(plural)
        self._lists[resource.path(namespace)] = list(objects)

    def say(self, resource: Resource, status: Object) -> None:
        """Answer a question of this type with this status."""
        self.put(resource, None)
        self._said[resource.path()] = {"status": status}

    @property
    def url(self) -> str:
        """Its address: what a Cluster knows of its types stays, so ask anew by another one."""
        return self._stage.url

    @property
    def asked(self) -> list[str]:
        """The paths that were asked for, without those that only tell which types there are."""
        paths = [path for _, path, _, _ in self._stage.requests]
        known = ["/apis", *(f"/apis/{group}/{version}" for group, version in self._types)]
        return [path for path in paths if path.partition("?")[0] not in known]

    def close(self) -> None:
        """Serve no more."""
        self._stage.close()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        path, _, query = handler.path.partition("?")
        listed = self._lists.get(path)
        if path == "/apis":
            self._groups(handler)
        elif handler.command == "POST":
            says(201, self._said[path])(handler)
        elif any(word in self.refused for word in path.split("/")):
            refuses(403, "Forbidden", "you may not")(handler)
        elif listed is not None:
            chosen = selectors.parse(PODS, *parse_qs(query).get("labelSelector", []))
            says(200, {"kind": "List", "metadata": {}, "items": [*filter(chosen.matches, listed)]})(handler)
        else:
            head, _, name = path.rpartition("/")
            found = [one for one in self._lists.get(head, ()) if one["metadata"]["name"] == name]
            missing = refuses(404, "NotFound", "not found", details={"name": name})
            (says(200, found[0]) if found else missing)(handler)

    def _groups(self, handler: BaseHTTPRequestHandler) -> None:
        items: dict[str, list[Object]] = {}
        for (group, version), plurals in self._types.items():
            types = [{"resource": plural} for plural in sorted(plurals)]
            items.setdefault(group, []).append({"version": version, "resources": types})
        groups = [{"metadata": {"name": group}, "versions": each} for group, each in items.items()]
        says(200, {"kind": "APIGroupDiscoveryList", "items": groups})(handler)
