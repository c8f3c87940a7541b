"""Nodes, as far as the scheduler looks at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from arena.scheduling import amounts, selectors
from arena.values import frozen

Object = Mapping[str, Any]
UNSCHEDULABLE: Object = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


@frozen
class Node:
    """A node and what it offers."""

    name: str
    labels: Mapping[str, str]
    taints: Sequence[Object] = ()
    allocatable: Mapping[str, int]
    cordoned: bool = False
    ready: bool = True

    def obstacle(self, tolerations: Sequence[Object]) -> str:
        """Why no pod with these tolerations goes there; "" if nothing keeps it away."""
        if self.cordoned and not any(selectors.tolerates(one, UNSCHEDULABLE) for one in tolerations):
            return "cordoned"
        # The scheduler relies on taints, which follow a moment after a node was lost.
        if not self.ready:
            return "not ready"
        taint = selectors.untolerated(self.taints, tolerations)
        if taint is None:
            return ""
        value = f"={taint['value']}" if taint.get("value") else ""
        return f"taint {taint.get('key')}{value}:{taint.get('effect')}"


def node(obj: Object) -> Node:
    """The node of an object of the API."""
    meta, spec, status = obj["metadata"], obj.get("spec") or {}, obj.get("status") or {}
    conditions = {one.get("type"): one.get("status") for one in status.get("conditions") or ()}
    return Node(
        name=meta["name"],
        labels=meta.get("labels") or {},
        taints=spec.get("taints") or (),
        allocatable=amounts.amounts(status.get("allocatable") or status.get("capacity")),
        cordoned=bool(spec.get("unschedulable")),
        ready=conditions.get("Ready") == "True",
    )
