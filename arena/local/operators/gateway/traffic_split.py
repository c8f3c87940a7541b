"""The split of a Service's traffic, by the HTTPRoutes and VirtualServices for it.

It is written as an annotation of the Service, which the operator of the proxy reads, with another one that
names the route, so that it is removed with the route, whoever else writes such annotations.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from arena.local.machinery import traffic
from arena.local.machinery.operator import Key, Operator
from arena.local.machinery.traffic import Share
from arena.local.objects import (
    DESTINATION_RULES,
    HTTP_ROUTES,
    SERVICES,
    TRAFFIC,
    VIRTUAL_SERVICES,
    Object,
    Objects,
    WatchEvent,
    key,
)
from arena.local.operators.gateway import backends

SOURCE = "local.arena.io/traffic-by"
"""Annotation of a Service: the route that splits its traffic, as `HTTPRoute/NAME`."""


def operator() -> Operator:
    """The operator that splits the traffic of Services."""
    splitter = _Splitter()
    watches = (HTTP_ROUTES, VIRTUAL_SERVICES, DESTINATION_RULES, SERVICES)
    return Operator("traffic", watches, splitter.keys, reconcile, forget=splitter.forget)


class _Splitter:
    """Finds the Services that a change concerns, also those that a route no longer names."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, Key], set[Key]] = {}
        """The Services that each route named when it was last seen."""

    def forget(self) -> None:
        """Forget all routes until a new watch lists them; Services are checked then, too."""
        self._known.clear()

    def keys(self, objects: Objects, change: WatchEvent) -> Iterable[Key]:
        """The Services whose split may have changed."""
        item = key(change.object)
        if change.resource == DESTINATION_RULES or change.resource == SERVICES:
            own = {item} if change.resource == SERVICES else set()
            return own | {one for found in self._known.values() for one in found if one[0] == item[0]}
        place = change.resource.kind, item
        before = self._known.pop(place, set())
        named = set() if change.type == "DELETED" else set(_named(change.object))
        if named:
            self._known[place] = named
        return before | named


def _named(route: Object) -> Iterator[Key]:
    """The Services whose traffic a route splits."""
    namespace, spec = key(route)[0], route["spec"]
    if route["kind"] == VIRTUAL_SERVICES.kind:
        yield from (backends.host(one, namespace) for one in spec.get("hosts") or [])
    for parent in spec.get("parentRefs") or []:
        yield service_of(route, parent)


def service_of(route: Object, parent: Object) -> Key:
    """The Service that a parent of an HTTPRoute is, or that of the route's name for a Gateway."""
    namespace, name = key(route)
    if parent.get("kind") == "Service" and not parent.get("group"):
        return parent.get("namespace") or namespace, str(parent["name"])
    return namespace, name


def reconcile(objects: Objects, item: Key, now: datetime) -> float | None:
    """Write the split of one Service, or remove one whose route is gone."""
    namespace, name = item
    service = objects.get(SERVICES, name, namespace)
    if service is None or service["metadata"].get("deletionTimestamp"):
        return None
    source, shares = _split(objects, item)
    notes = service["metadata"].get("annotations") or {}
    wanted: dict[str, str | None] = {TRAFFIC: traffic.text(shares), SOURCE: source} if shares else {}
    if not wanted and SOURCE in notes:
        wanted = {TRAFFIC: None, SOURCE: None}
    if any(notes.get(one) != value for one, value in wanted.items()):
        objects.patch(SERVICES, name, {"metadata": {"annotations": wanted}}, namespace)
    return None


def _split(objects: Objects, service: Key) -> tuple[str, list[Share]]:
    """The oldest route that splits the traffic of a Service, and its shares; "" and [] without."""
    found: dict[tuple[str, str], list[Share]] = defaultdict(list)
    for resource in (HTTP_ROUTES, VIRTUAL_SERVICES):
        for route in objects.list(resource, service[0]):
            if service in _named(route) and not route["metadata"].get("deletionTimestamp"):
                http = resource == HTTP_ROUTES
                shares = backends.shares(route) if http else backends.virtual_shares(objects, route)
                age = route["metadata"]["creationTimestamp"], f"{resource.kind}/{key(route)[1]}"
                found[age] = shares
    asked = [(age[1], shares) for age, shares in sorted(found.items()) if shares]
    return asked[0] if asked else ("", [])
