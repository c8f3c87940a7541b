"""ResourceQuotas: what a namespace has left, and what pods cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from arena.scheduling import amounts

Object = Mapping[str, Any]
MUST_SAY = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
"""Keys of quotas that demand of every container that it says what it needs."""


def shortages(
    quotas: Sequence[Object], several: Sequence[tuple[Object, int]], objects: Mapping[str, int]
) -> list[str]:
    """What the quotas of a namespace do not allow, one sentence each.

    Args:
        several: specs of pods, complete with defaults, and the number of each.
        objects: key of a quota, such as `count/jobs.batch` -> the number of these objects.
    """
    found = []
    for quota in quotas:
        found += _missing(quota, several)
        found += _short(quota, several, objects)
    return found


def _name(quota: Object) -> str:
    return f'quota "{quota["metadata"]["name"]}"'


def _hard(quota: Object) -> Mapping[str, str]:
    hard: Mapping[str, str] = (
        (quota.get("status") or {}).get("hard") or (quota.get("spec") or {}).get("hard") or {}
    )
    return hard


def _missing(quota: Object, several: Iterable[tuple[Object, int]]) -> list[str]:
    for spec, _ in several:
        if not covers(quota, spec):
            continue
        for key in MUST_SAY:
            if key in _hard(quota) and not _says(spec, key):
                return [f"{_name(quota)}: every container must specify {key}"]
    return []


def _says(spec: Object, key: str) -> bool:
    group, _, resource = key.rpartition(".")
    several = (*(spec.get("containers") or ()), *(spec.get("initContainers") or ()))
    return all(resource in ((one.get("resources") or {}).get(group or "requests") or {}) for one in several)


def _short(quota: Object, several: Iterable[tuple[Object, int]], objects: Mapping[str, int]) -> list[str]:
    costs = [
        {key: count * amount for key, amount in cost(spec).items()}
        for spec, count in several
        if covers(quota, spec)
    ]
    needed = amounts.total([*costs, objects])
    used = (quota.get("status") or {}).get("used") or {}
    found = []
    for key, text in _hard(quota).items():
        resource = key.removeprefix("requests.").removeprefix("limits.")
        left = amounts.whole(resource, str(text)) - amounts.whole(resource, str(used.get(key, 0)))
        if needed.get(key, 0) > left:
            wanted, rest = amounts.text(resource, needed[key]), amounts.text(resource, max(left, 0))
            found.append(f"{_name(quota)}: the job needs {wanted} {key}, and {rest} of {text} are left")
    return found


def cost(spec: Object) -> dict[str, int]:
    """What a pod costs of a quota, by its keys."""
    found = {"pods": 1, "count/pods": 1}
    for resource, amount in amounts.requested(spec).items():
        found[f"requests.{resource}"] = amount
        if "/" not in resource:
            found[resource] = amount
    limits = {
        key: [
            {"resources": {"requests": (one.get("resources") or {}).get("limits") or {}}}
            for one in spec.get(key) or ()
        ]
        for key in ("containers", "initContainers")
    }
    for resource, amount in amounts.requested(limits).items():
        found[f"limits.{resource}"] = amount
    return found


def covers(quota: Object, spec: Object) -> bool:
    """Whether a quota counts a pod, by its scopes."""
    own = quota.get("spec") or {}
    scoped = [{"scopeName": one, "operator": "Exists"} for one in own.get("scopes") or ()]
    scoped += (own.get("scopeSelector") or {}).get("matchExpressions") or ()
    return all(_in_scope(one, spec) for one in scoped)


def _in_scope(scope: Object, spec: Object) -> bool:
    name = scope.get("scopeName")
    if name in ("Terminating", "NotTerminating"):
        return bool((spec.get("activeDeadlineSeconds") is not None) == (name == "Terminating"))
    if name in ("BestEffort", "NotBestEffort"):
        several = (*(spec.get("containers") or ()), *(spec.get("initContainers") or ()))
        best = not any(any((one.get("resources") or {}).values()) for one in several)
        return bool(best == (name == "BestEffort"))
    if name == "PriorityClass":
        return _of_priority(scope, spec.get("priorityClassName") or "")
    affinity = spec.get("affinity") or {}
    terms = (
        term
        for key in ("podAffinity", "podAntiAffinity")
        for each in (affinity.get(key) or {}).values()
        for term in each
    )
    inner = (term.get("podAffinityTerm") or term for term in terms)
    return any(one.get("namespaces") or one.get("namespaceSelector") is not None for one in inner)


def _of_priority(scope: Object, name: str) -> bool:
    operator = scope.get("operator")
    values: Sequence[str] = scope.get("values") or ()
    if operator in ("Exists", "DoesNotExist"):
        return bool(bool(name) == (operator == "Exists"))
    return name in values if operator == "In" else name not in values
