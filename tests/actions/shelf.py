"""A server that returns the objects that were put on it, by path, and records the requests."""

from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from servers import Stage, refuses, says, streams

from arena.kube import Cluster
from arena.kube.kubeconfig import Context
from arena.local.api import selectors
from arena.origin import Choice
from arena.resources import PODS, Resource
from arena.session import Session

Object = dict[str, Any]


class Visitor(Session):
    """A session with a cluster of the test's own, and with nothing configured.

    Args:
        login: the user's name by the kubeconfig.
        user: what the kubeconfig has of the user.
    """

    def __init__(
        self, cluster: Cluster, namespace: str = "default", login: str = "", user: Object | None = None
    ) -> None:
        choice = Choice(namespace=namespace, arena_namespace="arena-system")
        home = {"HOME": "/nonexistent", "KUBECONFIG": "/nonexistent/config"}
        super().__init__(choice, home, Path("/"), lambda remark: None)
        self._cluster = cluster
        self._login = login
        self._account = user or {}

    @property
    def context(self) -> Context:  # type: ignore[override]  # there is no file to read
        return Context(name="test", files=(), namespace="", cluster={}, user=self._account, login=self._login)


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
        """The requested paths, without those of discovery."""
        paths = [path for _, path, _, _ in self._stage.requests]
        known = ["/apis", *(f"/apis/{group}/{version}" for group, version in self._types)]
        return [path for path in paths if path.partition("?")[0] not in known]

    def leave(self) -> None:
        """Tell from now on that the cluster is away."""
        self._stage.answers = [refuses(503, "ServiceUnavailable", "away")]

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
        elif "watch" in parse_qs(query):
            # Nothing changes here.
            streams()(handler)
        elif listed is not None:
            self._list(handler, listed, parse_qs(query))
        else:
            head, _, name = path.rpartition("/")
            found = [one for one in self._lists.get(head, ()) if one["metadata"]["name"] == name]
            missing = refuses(404, "NotFound", "not found", details={"name": name})
            (says(200, found[0]) if found else missing)(handler)

    def _list(
        self, handler: BaseHTTPRequestHandler, listed: list[Object], query: dict[str, list[str]]
    ) -> None:
        """Answer with a page of the objects; as a server does, it says how many remain."""
        chosen = selectors.parse(PODS, *query.get("labelSelector", []))
        found = [*filter(chosen.matches, listed)]
        begin = int(query.get("continue", ["0"])[0])
        end = begin + int(query.get("limit", [str(len(found))])[0])
        rest = len(found) - end
        meta = {"continue": str(end), "remainingItemCount": rest} if rest > 0 else {}
        says(200, {"kind": "List", "metadata": meta, "items": found[begin:end]})(handler)

    def _groups(self, handler: BaseHTTPRequestHandler) -> None:
        items: dict[str, list[Object]] = {}
        for (group, version), plurals in self._types.items():
            types = [{"resource": plural} for plural in sorted(plurals)]
            items.setdefault(group, []).append({"version": version, "resources": types})
        groups = [{"metadata": {"name": group}, "versions": each} for group, each in items.items()]
        says(200, {"kind": "APIGroupDiscoveryList", "items": groups})(handler)
