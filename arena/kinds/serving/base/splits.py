"""The objects that split the traffic of a serving between its versions, and how they are read.

A stable Service named after the serving selects the pods of all versions. An HTTPRoute for it, or a
VirtualService with a DestinationRule of Istio, directs its requests to the versions by weight.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from arena import labels
from arena.kinds.serving import FAMILY
from arena.resources import DESTINATION_RULES, HTTP_ROUTES, SERVICES, Resource
from arena.tuples import NamedTuple
from arena.values import frozen

Object = dict[str, Any]
SUBSET = "subset-"
"""What the names of Istio's subsets begin with, before the version, as in the Go arena."""


class Part(NamedTuple):
    """A version that gets a share of the traffic."""

    version: str
    service: str
    """The Service of that version alone."""
    port: int
    weight: int


@frozen
class Split:
    """How the traffic of a serving is to be split."""

    name: str
    namespace: str
    parts: tuple[Part, ...]
    ports: tuple[Mapping[str, Any], ...]
    """The ports of the stable Service."""
    owners: tuple[Mapping[str, Any], ...]
    """References to the main objects of all versions."""
    gateway: str = ""
    """A Gateway whose requests are split, instead of those to the Service."""


def objects(split: Split, by: Resource) -> list[tuple[Resource, Object]]:
    """The objects of a split in the order in which they are created, each with its type.

    Args:
        by: the type of the route: HTTP_ROUTES or VIRTUAL_SERVICES.
    """
    stable = SERVICES, _object(split, SERVICES, _service(split))
    if by == HTTP_ROUTES:
        return [stable, (by, _object(split, by, _http_route(split)))]
    rule = DESTINATION_RULES, _object(split, DESTINATION_RULES, _destination_rule(split))
    return [stable, rule, (by, _object(split, by, _virtual_service(split)))]


def _object(split: Split, resource: Resource, spec: Object) -> Object:
    own = labels.common(split.name, "serving", FAMILY.component)
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {
            "name": split.name,
            "namespace": split.namespace,
            "labels": {**own, labels.SERVING_NAME: split.name},
            "ownerReferences": [dict(one) for one in split.owners],
        },
        "spec": spec,
    }


def _service(split: Split) -> Object:
    return {"selector": {labels.SERVING_NAME: split.name}, "ports": [dict(one) for one in split.ports]}


def _http_route(split: Split) -> Object:
    backends = [{"name": one.service, "port": one.port, "weight": one.weight} for one in split.parts]
    parent = {"group": "", "kind": "Service", "name": split.name, "port": split.ports[0]["port"]}
    if split.gateway:
        namespace, _, name = split.gateway.rpartition("/")
        parent = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"parentRefs": [parent], "rules": [{"backendRefs": backends}]}


def _virtual_service(split: Split) -> Object:
    routes = [
        {"destination": {"host": split.name, "subset": SUBSET + one.version}, "weight": one.weight}
        for one in split.parts
    ]
    return {"hosts": [split.name], "http": [{"route": routes}]}


def _destination_rule(split: Split) -> Object:
    subsets = [
        {"name": SUBSET + one.version, "labels": {labels.SERVING_VERSION: one.version}} for one in split.parts
    ]
    return {"host": split.name, "subsets": subsets}


def shares(route: Object, services: Mapping[str, str]) -> dict[str, int]:
    """Version -> weight, as a route directs the traffic; empty if it splits none between versions.

    Args:
        route: an HTTPRoute or a VirtualService.
        services: name of a Service -> the version whose pods alone it selects.
    """
    found: dict[str, int] = {}
    for version, weight in _weights(route, services):
        if version:
            found[version] = found.get(version, 0) + weight
    return found


def _weights(route: Object, services: Mapping[str, str]) -> Sequence[tuple[str, int]]:
    spec = route.get("spec") or {}
    if route.get("kind") == HTTP_ROUTES.kind:
        rules = (spec.get("rules") or [{}])[:1]
        backends = [one for rule in rules for one in rule.get("backendRefs") or ()]
        return [(services.get(str(one.get("name")), ""), int(one.get("weight", 1))) for one in backends]
    routes = [one for http in (spec.get("http") or [])[:1] for one in http.get("route") or ()]
    alone = 100 if len(routes) == 1 else 0
    return [
        (_version(one.get("destination") or {}, services), int(one.get("weight") or alone)) for one in routes
    ]


def _version(destination: Mapping[str, Any], services: Mapping[str, str]) -> str:
    subset = str(destination.get("subset") or "")
    if subset.startswith(SUBSET):
        return subset.removeprefix(SUBSET)
    return services.get(str(destination.get("host") or "").partition(".")[0], "")


def percents(weights: Mapping[str, int]) -> dict[str, int]:
    """The weights as whole percents, which together are 100 unless all are 0."""
    total = sum(weights.values())
    if not total:
        return dict.fromkeys(weights, 0)
    exact = {version: weight * 100 / total for version, weight in weights.items()}
    found = {version: int(part) for version, part in exact.items()}
    rest = sorted(exact, key=lambda version: exact[version] - found[version], reverse=True)
    for version in rest[: 100 - sum(found.values())]:
        found[version] += 1
    return found
