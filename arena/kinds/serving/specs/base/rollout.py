"""How instances are replaced by those of another revision."""

import re
from typing import Any

from arena.errors import SpecError
from arena.kinds import option_types as types
from arena.kinds.option_types import OptionType, integer
from arena.kinds.serving.specs.base.spec import ServingSpec
from arena.kinds.spec import option
from arena.kinds.validators import shown, text
from arena.kinds.workload.rendering import Rendering

_GRACE = 30
"""Seconds that a program has to end, as by Kubernetes' default."""


def _amount(value: object) -> int | str:
    word = text(value).strip()
    if not word:
        return ""
    if re.fullmatch(r"[0-9]{1,3}%", word):
        return word
    if not re.fullmatch(r"[0-9]{1,9}", word):
        raise SpecError(f"{shown(value)} is neither a number nor a percentage", "write it like 1 or 25%")
    return integer(0)(word)


AMOUNT = OptionType(_amount, "N|PERCENT", safe=True)


class RolloutOptions(ServingSpec):
    """How instances are replaced: how many may be missing or too many, and how they end."""

    max_surge: int | str = option(
        "", "Instances that may exist beyond --replicas during an update  [default: 25%]", AMOUNT
    )
    max_unavailable: int | str = option(
        "", "Instances that may be missing during an update  [default: 25%]", AMOUNT
    )

    drain: int = option(
        5, "Time in which an instance still answers before it is told to end", types.SECONDS, safe=True
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_surge in (0, "0%") and self.max_unavailable in (0, "0%"):
            raise SpecError("--max-surge and --max-unavailable cannot both be 0", "allow one of them")


def values(spec: RolloutOptions, rendering: Rendering) -> dict[str, Any]:
    """Values of a Deployment's strategy, and of the end of its pods."""
    given = amounts(spec)
    strategy = {"type": "RollingUpdate", "rollingUpdate": given} if given else None
    return {"strategy": strategy, **ending(spec, rendering)}


def ending(spec: RolloutOptions, rendering: Rendering) -> dict[str, Any]:
    """Values of the end of a pod.

    A pod is told to end while others still learn that it will, so requests arrive a little longer. Most
    programs end at once. The local cluster waits by itself until no requests arrive.
    """
    if rendering.on_host or not spec.drain:
        return {"lifecycle": None, "grace": None}
    return {
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", str(spec.drain)]}}},
        "grace": _GRACE + spec.drain,
    }


def amounts(spec: RolloutOptions) -> dict[str, int | str] | None:
    """How many instances may be missing or too many, as Kubernetes calls these; None if that was not said."""
    found = {"maxSurge": spec.max_surge, "maxUnavailable": spec.max_unavailable}
    return {name: amount for name, amount in found.items() if amount != ""} or None
