"""How instances are replaced by those of another revision."""

import re
from typing import Any

from arena.errors import SpecError
from arena.kinds.option_types import OptionType, integer
from arena.kinds.serving.specs.base.spec import ServingSpec
from arena.kinds.spec import option
from arena.kinds.validators import shown, text


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
    """How many instances may be missing or too many during an update."""

    max_surge: int | str = option(
        "", "Instances that may exist beyond --replicas during an update  [default: 25%]", AMOUNT
    )
    max_unavailable: int | str = option(
        "", "Instances that may be missing during an update  [default: 25%]", AMOUNT
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_surge in (0, "0%") and self.max_unavailable in (0, "0%"):
            raise SpecError("--max-surge and --max-unavailable cannot both be 0", "allow one of them")


def values(spec: RolloutOptions) -> dict[str, Any]:
    """Values of a Deployment's strategy."""
    given = amounts(spec)
    return {"strategy": {"type": "RollingUpdate", "rollingUpdate": given} if given else None}


def amounts(spec: RolloutOptions) -> dict[str, int | str] | None:
    """How many instances may be missing or too many, as Kubernetes calls these; None if that was not said."""
    found = {"maxSurge": spec.max_surge, "maxUnavailable": spec.max_unavailable}
    return {name: amount for name, amount in found.items() if amount != ""} or None
