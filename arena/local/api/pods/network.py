"""Names, addresses and ports of pods."""

from collections.abc import Iterator
from typing import Any

from arena.local import formats
from arena.local.checks import each, enum, fields, items, mapping, text
from arena.local.field_errors import FieldError, invalid, missing
from arena.local.objects import Object

_SERVERS, _DOMAINS, _CHARACTERS = 3, 32, 2048
"""Maximum name servers, search domains, and characters of the latter."""


def _alias(path: str, value: Any) -> Iterator[FieldError]:
    """An address with names, written to /etc/hosts."""
    address = mapping(value).get("ip", "")
    yield from (invalid(f"{path}.ip", address, why) for why in formats.ip(str(address)))
    yield from each(text(formats.subdomain))(f"{path}.hostnames", mapping(value).get("hostnames"))


def _options(path: str, value: Any) -> Iterator[FieldError]:
    for index, one in enumerate(items(value)):
        if not one.get("name"):
            yield missing(f"{path}[{index}]", "must not be empty")


_resolver = fields(
    {"nameservers": each(text(formats.ip)), "searches": each(text(formats.search_path)), "options": _options}
)


def _resolver_limits(path: str, value: Any) -> Iterator[FieldError]:
    yield from _resolver(path, value)
    servers, domains = value.get("nameservers") or [], value.get("searches") or []
    if len(servers) > _SERVERS:
        yield invalid(f"{path}.nameservers", servers, f"must not have more than {_SERVERS} nameservers")
    if len(domains) > _DOMAINS:
        yield invalid(f"{path}.searches", domains, f"must not have more than {_DOMAINS} search paths")
    if len(" ".join(map(str, domains))) > _CHARACTERS:
        why = f"must not have more than {_CHARACTERS} characters (including spaces) in the search list"
        yield invalid(f"{path}.searches", domains, why)


FIELDS = {
    "dnsConfig": _resolver_limits,
    "dnsPolicy": enum("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"),
    "hostAliases": each(_alias),
}
"""The fields of the spec of a pod."""


def check_host(path: str, spec: Object) -> Iterator[FieldError]:
    """The errors of fields that need each other: name servers, and ports on the node's network."""
    if spec.get("dnsPolicy") == "None":
        if spec.get("dnsConfig") is None:
            yield missing(f"{path}.dnsConfig", "must provide `dnsConfig` when `dnsPolicy` is None")
        elif not mapping(spec["dnsConfig"]).get("nameservers"):
            why = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            yield missing(f"{path}.dnsConfig.nameservers", why)
    if not spec.get("hostNetwork"):
        return
    for index, container in enumerate(items(spec.get("containers"))):
        for number, port in enumerate(items(container.get("ports"))):
            if port.get("hostPort", 0) not in (0, port.get("containerPort")):
                where = f"{path}.containers[{index}].ports[{number}].hostPort"
                why = "must match `containerPort` when `hostNetwork` is true"
                yield invalid(where, port["hostPort"], why)
