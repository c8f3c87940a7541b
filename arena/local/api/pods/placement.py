"""Where pods may run: affinity, tolerations, spreading, gates."""

from collections.abc import Iterator
from typing import Any

from arena.local import formats
from arena.local.checks import (
    Check,
    at_least,
    each,
    enum,
    fields,
    items,
    labels,
    mapping,
    requirement,
    selector,
    text,
)
from arena.local.field_errors import FieldError, duplicate, invalid, missing, unsupported

_WHEN = ("DoNotSchedule", "ScheduleAnyway")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_POLICY = enum("Honor", "Ignore")
_REQUIRED, _PREFERRED = (f"{one}DuringSchedulingIgnoredDuringExecution" for one in ("required", "preferred"))


def _expression(path: str, value: Any) -> Iterator[FieldError]:
    return requirement(path, value, ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"))


def _field(path: str, value: Any) -> Iterator[FieldError]:
    """A requirement of a field of nodes, which can only be the name."""
    one = mapping(value)
    values = one.get("values") or []
    if one.get("operator") not in ("In", "NotIn"):
        yield invalid(f"{path}.operator", one.get("operator", ""), "not a valid selector operator")
    elif len(values) != 1:
        why = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        yield missing(f"{path}.values", why)
    if one.get("key") != "metadata.name":
        yield invalid(f"{path}.key", one.get("key", ""), "not a valid field selector key")
    else:
        yield from each(text(formats.subdomain))(f"{path}.values", values)


_term = fields({"matchExpressions": each(_expression), "matchFields": each(_field)})


def _terms(path: str, value: Any) -> Iterator[FieldError]:
    where = f"{path}.nodeSelectorTerms"
    if not mapping(value).get("nodeSelectorTerms"):
        yield missing(where, "must have at least one node selector term")
    yield from each(_term)(where, mapping(value).get("nodeSelectorTerms"))


def _weighted(**inner: Check) -> Check:
    """A preference with a weight."""

    def check(path: str, value: Any) -> Iterator[FieldError]:
        weight = mapping(value).get("weight", 0)
        if not isinstance(weight, int) or not 1 <= weight <= 100:
            yield invalid(f"{path}.weight", weight, "must be in the range 1-100")
        for name, one in inner.items():
            yield from one(f"{path}.{name}", mapping(value).get(name))

    return check


def _beside(path: str, value: Any) -> Iterator[FieldError]:
    """A term about the pods beside a pod."""
    one = mapping(value)
    for name in ("labelSelector", "namespaceSelector"):
        # A cluster reports the former under this name.
        shown = "matchExpressions" if name == "labelSelector" else name
        yield from selector(f"{path}.{shown}", one.get(name))
    for name in one.get("namespaces") or []:
        yield from (invalid(f"{path}.namespace", name, why) for why in formats.label(str(name)))
    where, key = f"{path}.topologyKey", str(one.get("topologyKey") or "")
    if not key:
        yield missing(where, "can not be empty")
    yield from (invalid(where, key, why) for why in formats.qualified(key))


_pods = fields({_REQUIRED: each(_beside), _PREFERRED: each(_weighted(podAffinityTerm=_beside))})
_affinity = fields(
    {
        "nodeAffinity": fields({_REQUIRED: _terms, _PREFERRED: each(_weighted(preference=_term))}),
        "podAffinity": _pods,
        "podAntiAffinity": _pods,
    }
)


def _toleration(path: str, value: Any) -> Iterator[FieldError]:
    one = mapping(value)
    key, operator, effect = (one.get(name) or "" for name in ("key", "operator", "effect"))
    if key:
        yield from (invalid(f"{path}.key", key, why) for why in formats.qualified(str(key)))
    elif operator != "Exists":
        why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        yield invalid(f"{path}.operator", operator, why)
    if one.get("tolerationSeconds") is not None and effect != "NoExecute":
        why = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        yield invalid(f"{path}.effect", effect, why)
    if operator in ("", "Equal"):
        wrong = list(formats.label_value(str(one.get("value") or "")))
        if wrong:
            yield invalid(f"{path}.operator", one["value"], ";".join(wrong))
    elif operator == "Exists" and one.get("value"):
        yield invalid(f"{path}.operator", one["value"], "value must be empty when `operator` is 'Exists'")
    elif operator != "Exists":
        yield unsupported(f"{path}.operator", operator, ("Equal", "Exists"))
    if effect not in ("", *_EFFECTS):
        yield unsupported(f"{path}.effect", effect, _EFFECTS)


_skew = at_least(1, "must be greater than zero")
_spread = fields(
    {
        "labelSelector": selector,
        "minDomains": at_least(1, "must be greater than zero"),
        "nodeAffinityPolicy": _POLICY,
        "nodeTaintsPolicy": _POLICY,
    }
)


def _spreads(path: str, value: Any) -> Iterator[FieldError]:
    """Constraints of how pods spread over domains, of which each may be there once."""
    every = [(one.get("topologyKey", ""), one.get("whenUnsatisfiable", "")) for one in items(value)]
    for index, one in enumerate(items(value)):
        where, (key, when) = f"{path}[{index}]", every[index]
        yield from _spread(where, one)
        yield from _skew(f"{where}.maxSkew", one.get("maxSkew", 0))
        if not key:
            yield missing(f"{where}.topologyKey", "can not be empty")
        yield from (invalid(f"{where}.topologyKey", key, why) for why in formats.qualified(str(key)) if key)
        if when not in _WHEN:
            yield unsupported(f"{where}.whenUnsatisfiable", when, _WHEN)
        if one.get("minDomains") is not None and when != "DoNotSchedule":
            why = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {when}"
            yield invalid(f"{where}.minDomains", one["minDomains"], why)
        if every[index] in every[index + 1 :]:
            yield duplicate(f"{where}.{{topologyKey, whenUnsatisfiable}}", f"{{{key}, {when}}}")


def _gates(path: str, value: Any) -> Iterator[FieldError]:
    seen: set[str] = set()
    for index, one in enumerate(items(value)):
        name = str(one.get("name") or "")
        yield from (invalid(f"{path}[{index}]", name, why) for why in formats.qualified(name))
        if name in seen:
            yield duplicate(f"{path}[{index}]", name)
        seen.add(name)


FIELDS = {
    "affinity": _affinity,
    "nodeName": text(formats.subdomain),
    "nodeSelector": labels,
    "schedulingGates": _gates,
    "tolerations": each(_toleration),
    "topologySpreadConstraints": _spreads,
}
"""The fields of the spec of a pod."""
