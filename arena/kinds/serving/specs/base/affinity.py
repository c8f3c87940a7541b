"""Whether instances prefer nodes with or without others of the same serving."""

from typing import Any

from arena.kinds.option_types import choice
from arena.kinds.serving.specs.base.spec import ServingSpec
from arena.kinds.spec import option

_FIELDS = {"spread": "podAntiAffinity", "binpack": "podAffinity"}


class AffinityOptions(ServingSpec):
    """Where instances are placed relative to each other."""

    affinity_policy: str = option(
        "none", "Spread instances over nodes, or pack them", choice("none", "spread", "binpack"), safe=True
    )
    affinity_constraint: str = option(
        "preferred", "Whether that is a must", choice("preferred", "required"), safe=True
    )

    def unused(self) -> dict[str, str]:
        """As for every workload; a constraint of no policy has no effect."""
        lost = self.affinity_policy == "none" and "affinity_constraint" in self.given
        return ({"affinity_constraint": "--affinity-policy"} if lost else {}) | super().unused()


def affinity(spec: AffinityOptions, match: dict[str, str]) -> dict[str, Any] | None:
    """The affinity of its pods; `match` are labels that all of them have."""
    if spec.affinity_policy == "none":
        return None
    term = {"labelSelector": {"matchLabels": match}, "topologyKey": "kubernetes.io/hostname"}
    if spec.affinity_constraint == "required":
        return {_FIELDS[spec.affinity_policy]: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    wish = {"weight": 100, "podAffinityTerm": term}
    return {_FIELDS[spec.affinity_policy]: {"preferredDuringSchedulingIgnoredDuringExecution": [wish]}}
