"""Services."""

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

from arena.local import formats
from arena.local.api.kind_rules import Rules
from arena.local.api.pods import probes
from arena.local.checks import between, each, enum, fields, items, labels, mapping, text, unique
from arena.local.field_errors import FieldError, duplicate, forbidden, invalid, missing
from arena.local.objects import Object

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_EXTERNAL = ("NodePort", "LoadBalancer")
_DAY = 86400
_FAMILIES = 2
"""IPv4 and IPv6."""
_NODE_PORTS = range(30000, 32768)


def _node_port(path: str, value: Any) -> Iterator[FieldError]:
    if value and value not in _NODE_PORTS:
        known = f"{_NODE_PORTS[0]}-{_NODE_PORTS[-1]}"
        why = f"provided port is not in the valid range. The range of valid ports is {known}"
        yield invalid(path, value, why)


def _timeout(path: str, value: Any) -> Iterator[FieldError]:
    if not 0 < value <= _DAY:
        yield invalid(path, value, f"must be greater than 0 and less than {_DAY}")


_PORT = between(1, 65535)
_port = fields(
    {
        "name": text(formats.label),
        "nodePort": _node_port,
        "protocol": enum("SCTP", "TCP", "UDP"),
    }
)
_spec = fields(
    {
        "externalIPs": each(text(formats.public)),
        "internalTrafficPolicy": enum("Cluster", "Local"),
        "ipFamilies": each(enum("IPv4", "IPv6")),
        "ipFamilyPolicy": enum("SingleStack", "PreferDualStack", "RequireDualStack"),
        "selector": labels,
        "sessionAffinity": enum("ClientIP", "None"),
        "sessionAffinityConfig": fields({"clientIP": fields({"timeoutSeconds": _timeout})}),
        "type": enum(*_TYPES),
    }
)


def _is_headless(spec: Object) -> bool:
    return spec.get("clusterIP") == "None"


def _check(obj: Object) -> Iterator[FieldError]:
    spec = obj["spec"]
    yield from _spec("spec", spec)
    yield from _ports(spec)
    yield from _address(spec)
    yield from _traffic(spec)


def _ports(spec: Object) -> Iterator[FieldError]:
    ports = items(spec.get("ports"))
    if not ports and not _is_headless(spec) and spec["type"] != "ExternalName":
        yield missing("spec.ports")
    yield from unique("name")("spec.ports", ports)
    seen: set[tuple[Any, Any]] = set()
    for index, port in enumerate(ports):
        where, used = f"spec.ports[{index}]", (port.get("protocol"), port.get("port"))
        yield from _PORT(f"{where}.port", port.get("port", 0))
        yield from probes.port(f"{where}.targetPort", port.get("targetPort") or 0)
        yield from _port(where, port)
        if len(ports) > 1 and not port.get("name"):
            yield missing(f"{where}.name")
        if port.get("nodePort") and spec["type"] == "ClusterIP":
            yield forbidden(f"{where}.nodePort", "may not be used when `type` is 'ClusterIP'")
        if used in seen:
            yield duplicate(where, dict(zip(("protocol", "port"), used, strict=True)))
        seen.add(used)


def _address(spec: Object) -> Iterator[FieldError]:
    """The errors of the address, or of the name that stands for it."""
    kind, address = spec["type"], spec.get("clusterIP") or ""
    if kind != "ExternalName":
        yield from _addresses(address, spec.get("clusterIPs") or [address])
    if _is_headless(spec) and kind in _EXTERNAL:
        yield invalid("spec.clusterIPs[0]", "None", f"may not be set to 'None' for {kind} services")
    if kind == "ExternalName":
        name = str(spec.get("externalName") or "").removesuffix(".")
        if not name:
            yield missing("spec.externalName")
        else:
            yield from text(formats.subdomain)("spec.externalName", name)


def _addresses(first: str, addresses: list[str]) -> Iterator[FieldError]:
    """The errors of the addresses, of which there is one of each family."""
    path = "spec.clusterIPs"
    if addresses[0] != first:
        yield invalid(path, addresses, "first value must match `clusterIP`")
    if addresses[0] == "None" and len(addresses) > 1:
        yield invalid(path, addresses, "'None' must be the first and only value")
        return
    wrong = [
        invalid(f"{path}[{index}]", one, why)
        for index, one in enumerate(addresses)
        if one and (one, index) != ("None", 0)
        for why in formats.ip(one)
    ]
    yield from wrong
    if len(addresses) > _FAMILIES:
        yield invalid(path, addresses, f"may only hold up to {_FAMILIES} values")
    if not wrong and len({":" in one for one in addresses}) < len(addresses):
        yield invalid(path, addresses, "may specify no more than one IP for each IP family")


def _traffic(spec: Object) -> Iterator[FieldError]:
    """The errors of what only a Service with traffic from outside may have."""
    kind, policy = spec["type"], spec.get("externalTrafficPolicy")
    if policy and not (kind in _EXTERNAL or spec.get("externalIPs")):
        why = "may only be set for externally-accessible services"
        yield invalid("spec.externalTrafficPolicy", policy, why)
    elif policy and policy not in ("Cluster", "Local"):
        yield from enum("Cluster", "Local")("spec.externalTrafficPolicy", policy)
    if spec.get("healthCheckNodePort") and not (kind == "LoadBalancer" and policy == "Local"):
        why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        yield invalid("spec.healthCheckNodePort", spec["healthCheckNodePort"], why)
    ranges = spec.get("loadBalancerSourceRanges") or []
    if ranges and kind != "LoadBalancer":
        yield forbidden("spec.LoadBalancerSourceRanges", "may only be used when `type` is 'LoadBalancer'")
    elif not all(map(_is_range, ranges)):
        why = "must be a list of IP ranges. For example, 10.240.0.0/24,10.250.0.0/24 "
        yield invalid("spec.LoadBalancerSourceRanges", f"[{' '.join(map(str, ranges))}]", why)


def _is_range(value: str) -> bool:
    try:
        return bool(ip_network(value.strip(), strict=False)) and "/" in value
    except ValueError:
        return False


def _keep(old: Object, new: Object) -> None:
    """Keep the address, which clients need not send; whoever changes the first need not change the list."""
    before, after = mapping(old.get("spec")), mapping(new.get("spec"))
    if not after.get("clusterIP") and after.get("type") != "ExternalName":
        for name in ("clusterIP", "clusterIPs"):
            if name in before:
                after[name] = before[name]
    elif after.get("clusterIP") and after.get("clusterIPs") == before.get("clusterIPs"):
        after["clusterIPs"] = [after["clusterIP"], *(after.get("clusterIPs") or [])[1:]]


def _change(old: Object, new: Object) -> Iterator[FieldError]:
    before, after = old["spec"], new["spec"]
    kinds = {one.get("type") for one in (before, after)}
    if "ExternalName" not in kinds and before.get("clusterIP") != after.get("clusterIP"):
        yield invalid("spec.clusterIPs[0]", [after.get("clusterIP")], "may not change once set")


RULES = Rules(check=_check, change=_change, name=formats.label, keep=_keep)
