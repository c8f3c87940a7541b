"""The surplus and the shortage of pods that a Deployment may have during a rolling update."""

from arena.local.machinery.quantities import scaled
from arena.local.objects import Object
from arena.local.operators.apps.replicaset import size


def limits(deployment: Object) -> tuple[int, int]:
    """The surge and the unavailability allowed, as numbers of pods; never both 0."""
    strategy = deployment["spec"].get("strategy") or {}
    wanted = size(deployment)
    if strategy.get("type") == "Recreate":
        return 0, wanted
    rules = strategy.get("rollingUpdate") or {}
    surge = scaled(rules.get("maxSurge", "25%"), wanted, up=True)
    unavailable = scaled(rules.get("maxUnavailable", "25%"), wanted, up=False)
    return surge, unavailable if surge or unavailable else 1
