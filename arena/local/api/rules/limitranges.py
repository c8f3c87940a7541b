"""LimitRanges."""

from collections.abc import Iterator, Mapping
from typing import Any

from arena.local import formats
from arena.local.api.kind_rules import Rules
from arena.local.api.pods import resources
from arena.local.api.quantities import quantity
from arena.local.checks import items, mapping
from arena.local.field_errors import FieldError, duplicate, forbidden, invalid, missing
from arena.local.objects import Object

_TYPES = ("Pod", "Container", "PersistentVolumeClaim")
_MIN, _MAX = ("min", "min"), ("max", "max")
_DEFAULT, _REQUEST = ("default", "default"), ("defaultRequest", "default request")
_ORDER = (
    (_MIN, _MAX, "min"),
    (_MIN, _REQUEST, "defaultRequest"),
    (_REQUEST, _MAX, "defaultRequest"),
    (_REQUEST, ("default", "default limit"), "defaultRequest"),
    (_MIN, _DEFAULT, "default"),
    (_DEFAULT, _MAX, "default"),
)
"""Amounts that may not be greater than others, their names in messages, and the field that is reported."""


def _check(obj: Object) -> Iterator[FieldError]:
    seen: set[str] = set()
    for index, one in enumerate(items(mapping(obj.get("spec")).get("limits"))):
        where, kind = f"spec.limits[{index}]", str(one.get("type") or "")
        wrong = list(formats.qualified(kind))
        yield from (invalid(f"{where}.type", kind, why) for why in wrong)
        if not wrong and "/" not in kind and kind not in _TYPES:
            yield invalid(f"{where}.type", kind, "must be a standard limit type or fully qualified")
        if kind in seen:
            yield duplicate(f"{where}.type", kind)
        seen.add(kind)
        yield from _limit(where, kind, one)


def _limit(path: str, kind: str, limit: Object) -> Iterator[FieldError]:
    groups = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"]
    for name in ("default", "defaultRequest") if kind == "Pod" else ():
        groups.remove(name)
        if limit.get(name):
            yield forbidden(f"{path}.{name}", "may not be specified when `type` is 'Pod'")
    given = {name: mapping(limit.get(name)) for name in groups}
    check_name = resources.check_container_name if kind in _TYPES[:2] else resources.check_name
    for name, amounts in given.items():
        for resource in amounts:
            yield from check_name(f"{path}.{name}[{resource}]", resource)
    if kind == "PersistentVolumeClaim" and not any("storage" in given[name] for name in ("min", "max")):
        why = "either minimum or maximum storage value is required, but neither was provided"
        yield missing(f"{path}.limits", why)
    for resource in dict.fromkeys(name for amounts in given.values() for name in amounts):
        yield from _amounts(
            path, resource, {name: one[resource] for name, one in given.items() if resource in one}
        )


def _amounts(path: str, resource: str, given: Mapping[str, Any]) -> Iterator[FieldError]:
    """The errors of the amounts of one resource."""
    for (less, low), (more, high), field in _ORDER:
        if less in given and more in given and quantity(given[less]) > quantity(given[more]):
            why = f"{low} value {given[less]} is greater than {high} value {given[more]}"
            yield invalid(f"{path}.{field}[{resource}]", given[less], why)
    ratio, where = given.get("maxLimitRequestRatio"), f"{path}.maxLimitRequestRatio[{resource}]"
    if ratio is not None and quantity(ratio) < 1:
        yield invalid(where, ratio, f"ratio {ratio} is less than 1")
    if ratio is not None and quantity(given.get("min", 0)) and "max" in given:
        most = quantity(given["max"]) / quantity(given["min"])
        if quantity(ratio) > most:
            yield invalid(where, ratio, f"ratio {ratio} is greater than max/min = {most:.6f}")
    default, request = given.get("default"), given.get("defaultRequest")
    if not resources.may_exceed(resource) and default is not None and request not in (None, default):
        why = f"default value {default} must equal to defaultRequest value {request} in {resource}"
        yield invalid(f"{path}.defaultRequest[{resource}]", request, why)


RULES = Rules(check=_check)
