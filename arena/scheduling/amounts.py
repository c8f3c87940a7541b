"""Resources as whole numbers: thousandths of cores, bytes, devices; and what a pod requests of a node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from arena import units
from arena.errors import SpecError

Object = Mapping[str, Any]
Amounts = Mapping[str, int]
"""Resource name -> thousandths of cores for `cpu`, bytes of memory, number of anything else."""

CPU, MEMORY, PODS, EPHEMERAL = "cpu", "memory", "pods", "ephemeral-storage"
BASIC = (CPU, MEMORY, EPHEMERAL)
"""The resources that are checked of every pod that requests anything."""


@lru_cache(maxsize=4096)
def whole(name: str, text: str) -> int:
    """A quantity of a resource as a whole number, rounded up as the scheduler does; 0 if it is none."""
    from decimal import ROUND_CEILING

    try:
        found = units.quantity(text)
    except SpecError:
        return 0
    return int((found * 1000 if name == CPU else found).to_integral_value(ROUND_CEILING))


def amounts(quantities: Object | None) -> dict[str, int]:
    """A mapping of resource names to quantities as whole numbers."""
    return {name: whole(name, str(text)) for name, text in (quantities or {}).items()}


def requested(spec: Object) -> dict[str, int]:
    """What the scheduler counts of a pod: its containers, init containers, sidecars and overhead.

    Init containers run one after the other, each beside the sidecars started before it.
    """
    total: dict[str, int] = {}
    for container in spec.get("containers") or ():
        _add(total, of_container(container))
    sidecars: dict[str, int] = {}
    peak: dict[str, int] = {}
    for container in spec.get("initContainers") or ():
        own = of_container(container)
        if container.get("restartPolicy") == "Always":
            _add(sidecars, own)
            own = sidecars
        else:
            own = _sum(own, sidecars)
        _raise(peak, own)
    _add(total, sidecars)
    _raise(total, peak)
    whole_pod = spec.get("resources") or {}
    total.update(amounts({**(whole_pod.get("limits") or {}), **(whole_pod.get("requests") or {})}))
    _add(total, amounts(spec.get("overhead")))
    return total


def of_container(container: Object) -> dict[str, int]:
    """What a container requests; a limit without a request is one."""
    resources = container.get("resources") or {}
    return amounts({**(resources.get("limits") or {}), **(resources.get("requests") or {})})


def _add(total: dict[str, int], more: Amounts) -> None:
    for name, amount in more.items():
        total[name] = total.get(name, 0) + amount


def _sum(one: Amounts, other: Amounts) -> dict[str, int]:
    total = dict(one)
    _add(total, other)
    return total


def _raise(total: dict[str, int], least: Amounts) -> None:
    for name, amount in least.items():
        total[name] = max(total.get(name, 0), amount)


def lacking(wants: Amounts, free: Amounts) -> list[str]:
    """The resources of which less is free than is wanted, as the scheduler checks them."""
    found = [PODS] if free.get(PODS, 0) < 1 else []
    if any(wants.values()):
        found += [name for name in BASIC if wants.get(name, 0) > free.get(name, 0)]
        found += [name for name in wants if name not in BASIC and wants[name] > free.get(name, 0)]
    return found


def enough(wants: Amounts, free: Amounts) -> bool:
    """Whether nothing is lacking."""
    if free.get(PODS, 0) < 1:
        return False
    for name, amount in wants.items():
        if amount > free.get(name, 0):
            return False
    return not any(wants.values()) or all(free.get(name, 0) >= 0 for name in BASIC)


def slots(wants: Amounts, free: Amounts) -> int:
    """How many pods that want this fit into what is free."""
    if not enough(wants, free):
        return 0
    return min([free[PODS], *(free.get(name, 0) // amount for name, amount in wants.items() if amount)])


def text(name: str, amount: int) -> str:
    """An amount for people: `500m`, `2`, `16Gi`, `8`."""
    if name == CPU:
        return f"{amount // 1000}" if amount % 1000 == 0 else f"{amount}m"
    if name in (MEMORY, EPHEMERAL) or name.startswith("hugepages-"):
        for unit, size in (("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)):
            if amount >= size:
                return f"{amount / size:.1f}".removesuffix(".0") + unit
    return str(amount)


def total(several: Iterable[Amounts]) -> dict[str, int]:
    """The sum of several amounts."""
    found: dict[str, int] = {}
    for one in several:
        _add(found, one)
    return found
