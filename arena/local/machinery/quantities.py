"""Quantities, and what pods request of a node."""

import math
import re
from collections import Counter
from decimal import Decimal

from arena.local.objects import Object, sidecars

Quantities = Counter[str]
"""Resource name -> thousandths of its unit, as whole numbers (cpu is counted in them)."""

_QUANTITY = re.compile(r"([+-]?[\d.]+(?:[eE][+-]?\d+)?)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE])?")
_SCALE = {
    "": Decimal(1),
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", 1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)},
}


def parse_quantity(text: str | int | float) -> int:
    """A quantity in thousandths of its unit, rounded up.

    Raises:
        ValueError: it is not a quantity.
    """
    match = _QUANTITY.fullmatch(str(text).strip())
    if not match:
        raise ValueError(f"{text!r} is not a quantity")
    number, suffix = match.groups(default="")
    return -int((-Decimal(number) * _SCALE[suffix] * 1000) // 1)


def written(amount: int) -> str:
    """Thousandths of a unit as Kubernetes writes them: `250m`, `2`, `12k`.

    >>> written(250), written(2000), written(12_000_000), written(0)
    ('250m', '2', '12k', '0')
    """
    if amount % 1000:
        return f"{amount}m"
    number, suffix = amount // 1000, ""
    for unit in "kMGTPE":
        if not number or number % 1000:
            break
        number, suffix = number // 1000, unit
    return f"{number}{suffix}"


def scaled(value: str | int, whole: int, *, up: bool) -> int:
    """A number of pods, or the percentage of a whole that a text such as `25%` is, rounded up or down."""
    text = str(value)
    if not text.endswith("%"):
        return int(text)
    part = int(text[:-1]) * whole / 100
    return math.ceil(part) if up else math.floor(part)


def quantities(resources: Object | None) -> Quantities:
    """Quantities by resource name."""
    return Counter({name: parse_quantity(value) for name, value in (resources or {}).items()})


def pod_requests(pod: Object) -> Quantities:
    """The resources that a pod takes: those of all containers together, or of the largest init container."""
    spec = pod["spec"]
    initial = spec.get("initContainers") or []
    total: Quantities = Counter()
    for container in [*spec["containers"], *sidecars(spec)]:
        total.update(_container(container))
    for container in initial:
        for name, value in _container(container).items():
            total[name] = max(total[name], value)
    total["pods"] = 1000
    return total


def _container(container: Object) -> Quantities:
    resources = container.get("resources") or {}
    return quantities({**(resources.get("limits") or {}), **(resources.get("requests") or {})})
