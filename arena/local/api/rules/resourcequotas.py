"""ResourceQuotas."""

from collections.abc import Iterator
from typing import Any

from arena.local.api.kind_rules import Rules
from arena.local.api.pods import resources
from arena.local.checks import items, mapping
from arena.local.field_errors import FieldError, invalid, missing
from arena.local.objects import Object

_BEST, _NOT_BEST, _ENDS, _STAYS = "BestEffort", "NotBestEffort", "Terminating", "NotTerminating"
_OTHERS = ("PriorityClass", "CrossNamespacePodAffinity", "VolumeAttributesClass")
_CONFLICTS = ({_BEST, _NOT_BEST}, {_ENDS, _STAYS})
_EXIST_ONLY = (_ENDS, _STAYS, _BEST, _NOT_BEST)
_WHY = (
    "must be 'Exist' only operator when scope is any of ResourceQuotaScopeTerminating, "
    "ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort and ResourceQuotaScopeNotBestEffort"
)
_COMPUTE = ("pods", *(f"{p}{n}" for p in ("", "requests.", "limits.") for n in ("cpu", "memory")))


def _check(obj: Object) -> Iterator[FieldError]:
    spec = mapping(obj.get("spec"))
    for name, amount in mapping(spec.get("hard")).items():
        yield from resources.check_quota_name(f"spec.hard[{name}]", name)
        yield from resources.check_amount(f"spec.hard[{name}]", name, amount)
    yield from _scopes(spec)
    for one in items(mapping(spec.get("scopeSelector")).get("matchExpressions")):
        yield from _expression("spec.scopeSelector.matchExpressions", one)


def _scopes(spec: Object) -> Iterator[FieldError]:
    scopes: list[Any] = spec.get("scopes") or []
    for scope in scopes:
        if scope not in (*_EXIST_ONLY, *_OTHERS):
            yield invalid("spec.scopes", scopes, "unsupported scope")
        for name in mapping(spec.get("hard")):
            if "/" not in name and not _applies(scope, name):
                yield invalid("spec.scopes", scopes, "unsupported scope applied to resource")
    if any(pair <= set(scopes) for pair in _CONFLICTS):
        yield invalid("spec.scopes", scopes, "conflicting scopes")


def _applies(scope: str, name: str) -> bool:
    """Whether a resource is counted by a scope."""
    return name == "pods" if scope == _BEST else scope not in _EXIST_ONLY or name in _COMPUTE


def _expression(path: str, one: Object) -> Iterator[FieldError]:
    """The errors of an expression, whose number a cluster does not name."""
    scope, operator, values = one.get("scopeName", ""), one.get("operator", ""), one.get("values") or []
    if scope not in (*_EXIST_ONLY, *_OTHERS):
        yield invalid(f"{path}.scopeName", scope, "unsupported scope")
    if scope in _EXIST_ONLY and operator != "Exists":
        yield invalid(f"{path}.operator", operator, _WHY)
    if operator in ("In", "NotIn") and not values:
        why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
        yield missing(f"{path}.values", why)
    elif operator in ("Exists", "DoesNotExist") and values:
        why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
        yield invalid(f"{path}.values", values, why)
    elif operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
        yield invalid(f"{path}.operator", operator, "not a valid selector operator")


def _change(old: Object, new: Object) -> Iterator[FieldError]:
    before, after = ((mapping(one.get("spec")).get("scopes") or []) for one in (old, new))
    if sorted(before) != sorted(after):
        yield invalid("spec.scopes", after, "field is immutable")


RULES = Rules(check=_check, change=_change)
