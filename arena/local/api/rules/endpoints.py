"""Endpoints. That addresses may not be local is not refused: all pods have loopback addresses here."""

from collections.abc import Iterator

from arena.local import formats
from arena.local.api.kind_rules import Rules
from arena.local.checks import between, each, enum, fields, items, text
from arena.local.field_errors import FieldError, invalid, missing
from arena.local.objects import Object

_number = between(1, 65535)
_address = fields({"hostname": text(formats.label), "nodeName": text(formats.subdomain)})
_port = fields({"name": text(formats.label), "protocol": enum("SCTP", "TCP", "UDP")})


def _check(obj: Object) -> Iterator[FieldError]:
    for index, subset in enumerate(items(obj.get("subsets"))):
        where = f"subsets[{index}]"
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            yield missing(where, "must specify `addresses` or `notReadyAddresses`")
        for group in ("addresses", "notReadyAddresses"):
            yield from each(_address)(f"{where}.{group}", subset.get(group))
            for number, one in enumerate(items(subset.get(group))):
                address = str(one.get("ip", ""))
                path = f"{where}.{group}[{number}].ip"
                yield from (invalid(path, address, why) for why in formats.reachable(address))
        ports = items(subset.get("ports"))
        yield from each(_port)(f"{where}.ports", ports)
        for number, port in enumerate(ports):
            yield from _number(f"{where}.ports[{number}].port", port.get("port", 0))
            if len(ports) > 1 and not port.get("name"):
                yield missing(f"{where}.ports[{number}].name")


RULES = Rules(check=_check)
