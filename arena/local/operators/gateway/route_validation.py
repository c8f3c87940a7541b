"""The rules of HTTPRoutes, which the Gateway API publishes as expressions, in its words."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from arena.local.checks import items, mapping
from arena.local.field_errors import FieldError
from arena.local.objects import Object

_MOST_MATCHES = 128
_TYPES = {
    "CORS": "cors",
    "ExtensionRef": "extensionRef",
    "RequestHeaderModifier": "requestHeaderModifier",
    "RequestMirror": "requestMirror",
    "RequestRedirect": "requestRedirect",
    "ResponseHeaderModifier": "responseHeaderModifier",
    "URLRewrite": "urlRewrite",
}
"""Type of a filter -> the field that goes with it."""
_ONCE = ("CORS", "RequestHeaderModifier", "ResponseHeaderModifier", "RequestRedirect", "URLRewrite")
_PREFIX = "ReplacePrefixMatch"
_PARTS = ("//", "/./", "/../", "%2f", "%2F", "#")
_ENDS = ("/..", "/.")
_CHARACTERS = r"^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$"
_PLAIN = ("Exact", "PathPrefix")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def check(route: Object) -> Iterator[FieldError]:
    """What is wrong with an HTTPRoute whose structure is right."""
    spec = mapping(route.get("spec"))
    yield from _parents("spec.parentRefs", items(spec.get("parentRefs")))
    rules = items(spec.get("rules"))
    if sum(len(one.get("matches") or []) for one in rules) > _MOST_MATCHES:
        why = (
            "While 16 rules and 64 matches per rule are allowed, the total number of matches across all "
            "rules in a route must be less than 128"
        )
        yield _broken("spec.rules", why)
    for index, rule in enumerate(rules):
        yield from _rule(f"spec.rules[{index}]", rule)


def _broken(path: str, why: str) -> FieldError:
    return FieldError(path, "FieldValueInvalid", f"Invalid value: {why}")


def _parents(path: str, parents: list[Object]) -> Iterator[FieldError]:
    """References to the same parent differ in their sections, and either all or none name one."""
    found: dict[tuple[Any, ...], list[str]] = {}
    for one in parents:
        parent = tuple(one.get(name) or "" for name in ("group", "kind", "name", "namespace"))
        found.setdefault(parent, []).append(one.get("sectionName") or "")
    several = [names for names in found.values() if len(names) > 1]
    if any(not all(names) and any(names) for names in several):
        why = "sectionName must be specified when parentRefs includes 2 or more references to the same parent"
        yield _broken(path, why)
    if any(len(set(names)) < len(names) for names in several):
        why = "sectionName must be unique when parentRefs includes 2 or more references to the same parent"
        yield _broken(path, why)


def _rule(path: str, rule: Object) -> Iterator[FieldError]:
    filters, backends = items(rule.get("filters")), items(rule.get("backendRefs"))
    if backends and any("requestRedirect" in one for one in filters):
        yield _broken(path, "RequestRedirect filter must not be used together with backendRefs")
    inner = [one for backend in backends for one in items(backend.get("filters"))]
    for found, place in ((filters, ""), (inner, "Within backendRefs, ")):
        for field, kind in (("requestRedirect", "RequestRedirect"), ("urlRewrite", "URLRewrite")):
            if any(_replaces_prefix(one.get(field)) for one in found) and not _is_one_prefix(rule):
                start = f"{place}{'w' if place and kind == 'RequestRedirect' else 'W'}hen using {kind} filter"
                why = f"{start} with path.replacePrefixMatch, exactly one PathPrefix match must be specified"
                yield _broken(path, why)
    yield from _filters(f"{path}.filters", filters)
    for index, backend in enumerate(backends):
        yield from _backend(f"{path}.backendRefs[{index}]", backend)
        yield from _filters(f"{path}.backendRefs[{index}].filters", items(backend.get("filters")))
    for index, one in enumerate(items(rule.get("matches"))):
        yield from _path(f"{path}.matches[{index}].path", mapping(one.get("path")))
    yield from _timeouts(f"{path}.timeouts", mapping(rule.get("timeouts")))


def _replaces_prefix(change: Any) -> bool:
    path = mapping(mapping(change).get("path"))
    return path.get("type") == _PREFIX and "replacePrefixMatch" in path


def _is_one_prefix(rule: Object) -> bool:
    matches = items(rule.get("matches"))
    return len(matches) == 1 and mapping(matches[0].get("path")).get("type") == "PathPrefix"


def _backend(path: str, backend: Object) -> Iterator[FieldError]:
    is_service = not backend.get("group") and backend.get("kind", "Service") == "Service"
    if is_service and "port" not in backend:
        yield _broken(path, "Must have port for Service reference")


def _filters(path: str, filters: list[Object]) -> Iterator[FieldError]:
    count = Counter(one.get("type") for one in filters)
    if count["RequestRedirect"] and count["URLRewrite"]:
        why = (
            "May specify either httpRouteFilterRequestRedirect or httpRouteFilterRequestRewrite, but not both"
        )
        yield _broken(path, why)
    for kind in _ONCE:
        if count[kind] > 1:
            yield _broken(path, f"{kind} filter cannot be repeated")
    for index, one in enumerate(filters):
        yield from _filter(f"{path}[{index}]", one)


def _filter(path: str, one: Object) -> Iterator[FieldError]:
    for kind, field in _TYPES.items():
        if field in one and one.get("type") != kind:
            yield _broken(path, f"filter.{field} must be nil if the filter.type is not {kind}")
        if field not in one and one.get("type") == kind:
            yield _broken(path, f"filter.{field} must be specified for {kind} filter.type")
    for name, word in (("allowHeaders", "methods"), ("allowMethods", "methods"), ("allowOrigins", "origins")):
        values = mapping(one.get("cors")).get(name) or []
        if "*" in values and len(values) > 1:
            why = f"{name[0].upper()}{name[1:]} cannot contain '*' alongside other {word}"
            yield _broken(f"{path}.cors.{name}", why)
    yield from _mirror(f"{path}.requestMirror", mapping(one.get("requestMirror")))
    for field in ("requestRedirect", "urlRewrite"):
        yield from _replaced_path(f"{path}.{field}.path", mapping(mapping(one.get(field)).get("path")))


def _mirror(path: str, mirror: Object) -> Iterator[FieldError]:
    if "percent" in mirror and "fraction" in mirror:
        why = "Only one of percent or fraction may be specified in HTTPRequestMirrorFilter"
        yield _broken(path, why)
    if mirror:
        yield from _backend(f"{path}.backendRef", mapping(mirror.get("backendRef")))
    fraction = mapping(mirror.get("fraction"))
    if fraction and fraction.get("numerator", 0) > fraction.get("denominator", 100):
        why = "numerator must be less than or equal to denominator"
        yield _broken(f"{path}.fraction", why)


def _replaced_path(path: str, change: Object) -> Iterator[FieldError]:
    for kind, field in (("ReplaceFullPath", "replaceFullPath"), (_PREFIX, "replacePrefixMatch")):
        if change.get("type") == kind and field not in change:
            yield _broken(path, f"{field} must be specified when type is set to '{kind}'")
        if field in change and change.get("type") != kind:
            yield _broken(path, f"type must be '{kind}' when {field} is set")


def _path(path: str, match: Object) -> Iterator[FieldError]:
    kind, value = match.get("type", "PathPrefix"), str(match.get("value", "/"))
    if kind not in _PLAIN:
        return
    where = "when type one of ['Exact', 'PathPrefix']"
    if not value.startswith("/"):
        yield _broken(path, f"value must be an absolute path and start with '/' {where}")
    for part in _PARTS:
        if part in value:
            yield _broken(path, f"must not contain '{part}' {where}")
    for end in _ENDS:
        if value.endswith(end):
            yield _broken(path, f"must not end with '{end}' {where}")
    if not re.match(_CHARACTERS, value):
        why = f"must only contain valid characters (matching {_CHARACTERS}) for types ['Exact', 'PathPrefix']"
        yield _broken(path, why)


def _timeouts(path: str, timeouts: Object) -> Iterator[FieldError]:
    whole, one = (_seconds(timeouts.get(name)) for name in ("request", "backendRequest"))
    if whole and one and one > whole:
        yield _broken(path, "backendRequest timeout cannot be longer than request timeout")


def _seconds(text: str | None) -> float:
    """A duration of the Gateway API, such as `1m30s`, in seconds."""
    return sum(int(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+)(ms|h|m|s)", text or ""))
