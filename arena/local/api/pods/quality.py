"""The quality of service class of a pod."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from arena.local.api.quantities import quantity
from arena.local.objects import Object

_COUNTED = ("cpu", "memory")
Amounts = dict[str, Decimal]


def of(spec: Object) -> str:
    """The class by the resources of the pod, else by those of its containers, ephemeral ones excepted.

    Only CPU and memory count, and only more than 0 of them.
    """
    whole = spec.get("resources")
    containers = [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
    parts = [whole] if whole else [one.get("resources") or {} for one in containers]
    requests, limits = ([_counted(part.get(name)) for part in parts] for name in ("requests", "limits"))
    requested, limited = _sum(requests), _sum(limits)
    if not requested and not limited:
        return "BestEffort"
    is_limited = all(len(one) == len(_COUNTED) for one in limits)
    return "Guaranteed" if is_limited and requested == limited else "Burstable"


def _counted(amounts: Mapping[str, Any] | None) -> Amounts:
    found = {name: quantity(value) for name, value in (amounts or {}).items() if name in _COUNTED}
    return {name: amount for name, amount in found.items() if amount > 0}


def _sum(parts: Iterable[Amounts]) -> Amounts:
    found: Amounts = defaultdict(Decimal)
    for part in parts:
        for name, amount in part.items():
            found[name] += amount
    return found
