"""Gateway and GatewayClass of the Gateway API: kept, and accepted, so that routes can name them.

The local cluster opens no ports for gateways. All classes are its own, as no other controller runs.
"""

from arena.local.definitions import AGE, Definition
from arena.local.machinery import conditions
from arena.local.machinery.conditions import Condition
from arena.local.machinery.operator import Operator
from arena.local.machinery.reconciler import Reconciler
from arena.local.objects import Object, Resource

GROUP = "gateway.networking.k8s.io"
GATEWAYS = Resource(GROUP, "v1", "gateways", "Gateway")
CLASSES = Resource(GROUP, "v1", "gatewayclasses", "GatewayClass", False)
ACCEPTED, PROGRAMMED = "Accepted", "Programmed"
_OLDER = ("v1beta1",)
_OPEN = {"type": "object", "open": True}
_STATUS = {"properties": {"conditions": {"items": _OPEN, "keys": ["type"]}}, "open": True}
_NAMESPACES = {"properties": {"from": {"type": "string", "default": "Same"}, "selector": _OPEN}}
_ALLOWED = {
    "properties": {"namespaces": {**_NAMESPACES, "default": {"from": "Same"}}, "kinds": {"items": _OPEN}},
    "default": {"namespaces": {"from": "Same"}},
}
_LISTENER = {
    "properties": {
        "name": "string",
        "hostname": "string",
        "port": "int32",
        "protocol": "string",
        "tls": _OPEN,
        "allowedRoutes": _ALLOWED,
    },
    "required": ["name", "port", "protocol"],
}
_GATEWAY = {
    "properties": {
        "gatewayClassName": "string",
        "listeners": {"items": _LISTENER, "keys": ["name"]},
        "addresses": {"items": _OPEN},
        "infrastructure": _OPEN,
        "allowedListeners": _OPEN,
        "backendTLS": _OPEN,
        "tls": _OPEN,
    },
    "required": ["gatewayClassName", "listeners"],
}
_CLASS = {
    "properties": {"controllerName": "string", "description": "string", "parametersRef": _OPEN},
    "required": ["controllerName"],
}


def operator() -> Operator:
    """The operator that keeps the status of Gateways."""
    return Gateway.operator(owns=())


class _Kept(Reconciler):
    """One pass over an object that is only kept."""

    def reconcile(self) -> None:
        """Write its conditions."""
        generation = self.obj["metadata"].get("generation", 1)
        for one in self.conditions():
            before = conditions.find(self.status, one.type)
            made = {**conditions.following(before, one, self.now), "observedGeneration": generation}
            self.status["conditions"] = conditions.replaced(self.status, made)
        self.write_status()

    def conditions(self) -> tuple[Condition, ...]:
        """What is said of it."""
        return (Condition(ACCEPTED, ACCEPTED, "the local cluster keeps it"),)


class Gateway(_Kept):
    """One pass over one Gateway."""

    resource = GATEWAYS

    def conditions(self) -> tuple[Condition, ...]:
        """That it is accepted, and that nothing listens."""
        why = "the local cluster opens no ports for gateways: send requests to the Services of the routes"
        return (*super().conditions(), Condition(PROGRAMMED, "NoResources", why, "False"))


class GatewayClass(_Kept):
    """One pass over one GatewayClass."""

    resource = CLASSES


def takes(gateway: Object, section: str, namespace: str) -> str:
    """Why a Gateway does not take a route; "" if it does.

    Args:
        section: the listener that the route names, if it names one.
        namespace: that of the route.
    """
    name, own = gateway["metadata"]["name"], gateway["metadata"]["namespace"]
    listeners = [one for one in gateway["spec"]["listeners"] if section in ("", one["name"])]
    if not listeners:
        return f"Gateway {name} has no listener {section}"
    allowed = [((one.get("allowedRoutes") or {}).get("namespaces") or {}).get("from") for one in listeners]
    if namespace != own and not {"All", "Selector"} & {*allowed}:
        return f"Gateway {name} takes routes of its namespace alone"
    return ""


DEFINITIONS = (
    Definition(
        resource=GATEWAYS,
        structure={"properties": {"spec": _GATEWAY, "status": _STATUS}, "required": ["spec"]},
        served=_OLDER,
        short=("gtw",),
        columns=(
            ("Class", lambda obj: obj["spec"].get("gatewayClassName")),
            ("Address", lambda obj: ""),
            ("Programmed", lambda obj: conditions.find(obj.get("status") or {}, PROGRAMMED).get("status")),
            AGE,
        ),
    ),
    Definition(
        resource=CLASSES,
        structure={"properties": {"spec": _CLASS, "status": _STATUS}, "required": ["spec"]},
        served=_OLDER,
        short=("gc",),
        columns=(
            ("Controller", lambda obj: obj["spec"].get("controllerName")),
            ("Accepted", lambda obj: conditions.find(obj.get("status") or {}, ACCEPTED).get("status")),
            AGE,
        ),
    ),
)
