"""Istio: VirtualService and DestinationRule, which `traffic_split` obeys; Gateway, which has no effect."""

from collections.abc import Iterator

from arena.local.definitions import Definition
from arena.local.field_errors import FieldError, invalid, missing
from arena.local.objects import DESTINATION_RULES, VIRTUAL_SERVICES, Object, Resource

GATEWAYS = Resource("networking.istio.io", "v1", "gateways", "Gateway")
_OLDER = ("v1beta1", "v1alpha3")
_SUBSET = {
    "properties": {
        "name": "string",
        "labels": {"values": "string"},
        "trafficPolicy": {"type": "object", "open": True},
    },
    "required": ["name"],
}
_RULE = {
    "properties": {
        "host": "string",
        "subsets": {"items": _SUBSET},
        "trafficPolicy": {"type": "object", "open": True},
        "exportTo": {"items": "string"},
        "workloadSelector": {"type": "object", "open": True},
    },
    "required": ["host"],
}
_GATEWAY = {
    "properties": {
        "selector": {"values": "string"},
        "servers": {"items": {"type": "object", "open": True}},
    },
}
_STRUCTURE = {"properties": {"spec": _RULE, "status": {"type": "object", "open": True}}}


def _check(obj: Object) -> Iterator[FieldError]:
    """What Istio's webhook refuses of the destinations of a VirtualService."""
    if not obj["spec"].get("hosts"):
        yield missing("spec.hosts", "virtual service must have at least one host")
    for index, route in enumerate(obj["spec"].get("http") or []):
        path, found = f"spec.http[{index}].route", route.get("route") or []
        weights = [one.get("weight") or 0 for one in found]
        for number, one in enumerate(found):
            if not (one.get("destination") or {}).get("host"):
                yield missing(f"{path}[{number}].destination.host")
            if weights[number] < 0:
                yield invalid(f"{path}[{number}].weight", weights[number], "weight must be at least 0")
        if len(found) > 1 and not any(weights):
            yield invalid(path, "array", "total destination weight must be greater than 0")


DEFINITIONS = (
    Definition(resource=VIRTUAL_SERVICES, check=_check, served=_OLDER),
    Definition(resource=DESTINATION_RULES, structure=_STRUCTURE, served=_OLDER, short=("dr",)),
    Definition(
        resource=GATEWAYS,
        structure={"properties": {"spec": _GATEWAY, "status": {"type": "object", "open": True}}},
        served=_OLDER,
        short=("gw",),
    ),
)
