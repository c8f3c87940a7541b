"""HTTPRoute: whether its parents take it, and whether its backends are there.

The proxy of the local cluster splits the traffic of a Service by weight. It obeys the first rule that takes
all requests, and no filters. A route whose parent is a Gateway is obeyed by the Service of its name.
"""

from collections.abc import Iterator

from arena.local.definitions import Definition
from arena.local.machinery import conditions
from arena.local.machinery.conditions import Condition
from arena.local.machinery.operator import Key, Operator
from arena.local.machinery.reconciler import Reconciler
from arena.local.objects import HTTP_ROUTES, SERVICES, Object, Objects, key
from arena.local.operators.gateway import backends, gateway, route_validation
from arena.local.operators.gateway.gateway import GATEWAYS
from arena.local.operators.gateway.traffic_split import service_of

CONTROLLER = "local.arena.io/gateway-controller"
ACCEPTED, RESOLVED, PARTIAL = "Accepted", "ResolvedRefs", "PartiallyInvalid"


def operator() -> Operator:
    """The operator that keeps the status of HTTPRoutes."""
    return HTTPRoute.operator(owns=(), related={SERVICES: _of_service, GATEWAYS: _of_gateway})


def _of_service(objects: Objects, service: Object) -> list[Key]:
    return [key(route) for route in objects.list(HTTP_ROUTES, key(service)[0])]


def _of_gateway(objects: Objects, one: Object) -> list[Key]:
    """The routes that name a Gateway."""
    return [
        key(route)
        for route in objects.list(HTTP_ROUTES)
        for parent in route["spec"].get("parentRefs") or []
        if _gateway_of(route, parent) == key(one)
    ]


def _gateway_of(route: Object, parent: Object) -> Key | None:
    """The Gateway that a parent is; None for a Service."""
    if parent.get("kind", GATEWAYS.kind) != GATEWAYS.kind:
        return None
    return parent.get("namespace") or key(route)[0], str(parent["name"])


class HTTPRoute(Reconciler):
    """One pass over one HTTPRoute."""

    resource = HTTP_ROUTES

    def reconcile(self) -> None:
        """Write what becomes of it at each of its parents; what other controllers wrote stays."""
        before = self.status.get("parents") or []
        others = [one for one in before if one["controllerName"] != CONTROLLER]
        parents = self.obj["spec"].get("parentRefs") or []
        self.status["parents"] = [*others, *(self._at(parent, before) for parent in parents)]
        self.write_status()

    def _at(self, parent: Object, before: list[Object]) -> Object:
        """The status at one parent."""
        same = [one for one in before if (one["parentRef"], one["controllerName"]) == (parent, CONTROLLER)]
        generation = self.obj["metadata"].get("generation", 1)
        old: Object = same[0] if same else {}
        found = [
            {
                **conditions.following(conditions.find(old, one.type), one, self.now),
                "observedGeneration": generation,
            }
            for one in (self._accepted(parent), self._resolved(), *self._partial())
        ]
        return {"parentRef": parent, "controllerName": CONTROLLER, "conditions": found}

    def _accepted(self, parent: Object) -> Condition:
        """Whether a parent takes the route."""
        namespace, name = service_of(self.obj, parent)
        kind, why = parent.get("kind", GATEWAYS.kind), ""
        service = self.objects.get(SERVICES, name, namespace)
        if found := self._at_gateway(parent, service is None):
            return found
        if namespace != key(self.obj)[0]:
            return Condition(ACCEPTED, "NotAllowedByListeners", "it is in another namespace", "False")
        if service is None:
            why = f"there is no Service {name}"
        elif kind == "Service" and not _has_port(service, parent):
            why = f"Service {name} has no such port"
        if why:
            return Condition(ACCEPTED, "NoMatchingParent", why, "False")
        if backends.rule_of(self.obj) is None:
            why = "no rule takes all requests; the local cluster splits traffic by weight alone"
            return Condition(ACCEPTED, "UnsupportedValue", why, "False")
        return Condition(ACCEPTED, ACCEPTED, f"Service {name} splits its traffic by it")

    def _at_gateway(self, parent: Object, is_alone: bool) -> Condition | None:
        """Whether a Gateway takes the route; None if there is none, or if a Service obeys the route for it.

        Args:
            is_alone: whether no Service has the name of the route.
        """
        place = _gateway_of(self.obj, parent)
        there = self.objects.get(GATEWAYS, place[1], place[0]) if place else None
        if there is None:
            return None
        own, name = key(self.obj)
        if why := gateway.takes(there, str(parent.get("sectionName") or ""), own):
            reason = "NotAllowedByListeners" if "namespace" in why else "NoMatchingParent"
            return Condition(ACCEPTED, reason, why, "False")
        text = "the local cluster opens no ports for gateways, and there is no Service"
        return Condition(ACCEPTED, ACCEPTED, f"{text} {name} to split its traffic") if is_alone else None

    def _resolved(self) -> Condition:
        """Whether all backends are there."""
        rule = backends.rule_of(self.obj) or {}
        for backend in rule.get("backendRefs") or []:
            if problem := backends.problem(self.objects, self.obj, backend):
                return Condition(RESOLVED, problem.reason, problem.message, "False")
        return Condition(RESOLVED, RESOLVED, "all backends are there")

    def _partial(self) -> Iterator[Condition]:
        """What of the route the local cluster ignores."""
        obeyed, ignored = backends.rule_of(self.obj), []
        for index, rule in enumerate(self.obj["spec"].get("rules") or []):
            if rule != obeyed:
                ignored.append(f"rule {index}")
            elif rule.get("filters") or any(one.get("filters") for one in rule.get("backendRefs") or []):
                ignored.append(f"the filters of rule {index}")
        if obeyed is not None and ignored:
            why = f"the local cluster, which splits traffic by weight alone, ignores {', '.join(ignored)}"
            yield Condition(PARTIAL, "UnsupportedValue", why)


def _has_port(service: Object, parent: Object) -> bool:
    """Whether a Service has the port that a parent names, if it names one."""
    ports = service["spec"].get("ports") or []
    number, name = parent.get("port"), parent.get("sectionName")
    return any(number in (None, one["port"]) and name in (None, one.get("name")) for one in ports)


DEFINITIONS = (Definition(resource=HTTP_ROUTES, check=route_validation.check),)
