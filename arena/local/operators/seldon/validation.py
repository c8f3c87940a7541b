"""What the webhook of Seldon Core refuses, and graphs that the local cluster cannot run."""

from collections.abc import Iterator

from arena.local.checks import between, items, mapping
from arena.local.field_errors import (
    DNS_1035,
    FieldError,
    check_count,
    duplicate,
    forbidden,
    invalid,
    missing,
    unsupported,
)
from arena.local.objects import Object
from arena.local.operators.seldon.servers import PROTOCOLS, SERVERS

TRANSPORTS, SERVER_TYPES = ("rest", "grpc"), ("rpc", "kafka")
LONGEST = 63


def check(obj: Object) -> Iterator[FieldError]:
    """Yield what is wrong with a SeldonDeployment."""
    name, spec = obj["metadata"]["name"], obj.get("spec") or {}
    if not DNS_1035.fullmatch(name) or len(name) > LONGEST:
        yield invalid("metadata.name", name, "must be a DNS-1035 label of at most 63 characters")
    for field, known in (("protocol", PROTOCOLS), ("transport", TRANSPORTS), ("serverType", SERVER_TYPES)):
        if spec.get(field) and spec[field] not in known:
            yield unsupported(f"spec.{field}", spec[field], tuple(known))
    yield from check_count("spec.replicas", spec.get("replicas"))
    predictors = items(spec.get("predictors"))
    if not predictors:
        yield missing("spec.predictors", "must have at least one predictor")
    names = [one.get("name") for one in predictors]
    for index, one in enumerate(predictors):
        if names.index(names[index]) != index:
            yield duplicate(f"spec.predictors[{index}].name", names[index])
        yield from _check_predictor(f"spec.predictors[{index}]", one, spec.get("protocol") or "seldon")
    yield from _check_traffic(predictors)


def _check_traffic(predictors: list[Object]) -> Iterator[FieldError]:
    """The shares of several predictors make 100; a shadow is beside others and gets copies."""
    shadows = [one for one in predictors if one.get("shadow")]
    others = [one for one in predictors if not one.get("shadow")]
    total = sum(one.get("traffic") or 0 for one in others)
    if len(shadows) > 1:
        yield invalid("spec.predictors", len(shadows), "only one predictor can be a shadow")
    if shadows and not others:
        yield invalid("spec.predictors", "shadow", "a shadow needs another predictor beside it")
    if len(others) > 1 and total != 100:
        yield invalid("spec.predictors", total, "traffic must sum to 100 for multiple predictors")
    if len(others) == 1 and total not in (0, 100):
        yield invalid(
            "spec.predictors[0].traffic", total, "traffic must be 100 for a single predictor when set"
        )
    for one in shadows:
        yield from between(0, 100)("spec.predictors[].traffic", one.get("traffic"))


def _check_predictor(path: str, predictor: Object, protocol: str) -> Iterator[FieldError]:
    yield from check_count(f"{path}.replicas", predictor.get("replicas"))
    graph = mapping(predictor.get("graph"))
    server, name = str(graph.get("implementation") or ""), graph.get("name")
    containers = [
        one.get("name")
        for part in items(predictor.get("componentSpecs"))
        for one in items(mapping(part.get("spec")).get("containers"))
    ]
    if server in SERVERS:
        if not graph.get("modelUri") and SERVERS[server].needs_model:
            yield missing(f"{path}.graph.modelUri", f"required by {server}")
        if protocol not in SERVERS[server].protocols:
            yield invalid(f"{path}.graph.implementation", server, f"does not have the protocol {protocol}")
    elif name not in containers:
        yield invalid(f"{path}.graph.name", name, "no container has the name of the node of the graph")
    if graph.get("children"):
        yield forbidden(f"{path}.graph.children", "the local cluster runs graphs of one node")
