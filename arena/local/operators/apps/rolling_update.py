"""The surplus and the shortage of pods that a Deployment may have during a rolling update."""

import math

from arena.local.objects import Object
from arena.local.operators.apps.replicaset import size


def limits(deployment: Object) -> tuple[int, int]:
    """The surge and the unavailability allowed, as numbers of pods; never both 0."""
    strategy = deployment["spec"].get("strategy") or {}
    wanted = size(deployment)
    if strategy.get("type") == "Recreate":
        return 0, wanted
    rules = strategy.get("rollingUpdate") or {}
    surge = math.ceil(_part(rules.get("maxSurge", "25%"), wanted))
    unavailable = math.floor(_part(rules.get("maxUnavailable", "25%"), wanted))
    return surge, unavailable if surge or unavailable else 1


def _part(value: str | int, whole: int) -> float:
    text = str(value)
    return int(text[:-1]) * whole / 100 if text.endswith("%") else int(text)
