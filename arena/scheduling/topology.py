"""What the pods that are there mean for a pod that asks to be near to some, away from some, or spread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from arena.scheduling import selectors
from arena.scheduling.nodes import Node
from arena.scheduling.pods import Pod, Spread

Pair = tuple[str, str]
"""A label of a node: a place in a topology."""


class Surroundings:
    """The pods around, as one pod, or any that asks for the same, sees them.

    Args:
        pod: the pod to be placed.
        nodes: all nodes of the cluster.
        lenient: whether pods on nodes that the pod's selector excludes count for its spread, as they do
            before Kubernetes 1.26.
    """

    def __init__(self, pod: Pod, nodes: Iterable[Node], *, lenient: bool = False) -> None:
        self._pod = pod
        self._near: Counter[Pair] = Counter()
        self._away: Counter[Pair] = Counter()
        self._kept: Counter[Pair] = Counter()
        self._itself = bool(pod.near) and all(one.selects(pod) for one in pod.near)
        several = list(nodes)
        self._spreads = [_Spreading(pod, one, several, lenient=lenient) for one in pod.spread]

    def update(self, other: Pod, node: Node, by: int) -> None:
        """Note that a pod came to a node (by 1) or left it (by -1)."""
        labels = node.labels
        if self._pod.near and all(one.selects(other) for one in self._pod.near):
            for near in self._pod.near:
                _count(self._near, labels, near.key, by)
        for away in self._pod.away:
            if away.selects(other):
                _count(self._away, labels, away.key, by)
        for theirs in other.away:
            if theirs.selects(self._pod):
                _count(self._kept, labels, theirs.key, by)
        for spread in self._spreads:
            spread.update(other, node, by)

    def unmet(self, node: Node) -> str:
        """Why the pod cannot go to a node; "" if it can."""
        labels = node.labels
        if self._pod.near and not self._is_near(node):
            return "pod affinity"
        for away in self._pod.away:
            if self._away.get((away.key, labels.get(away.key, "")), 0) > 0:
                return "pod anti-affinity"
        if self._kept and any(self._kept.get(pair, 0) > 0 for pair in labels.items()):
            return "anti-affinity of a pod there"
        for spread in self._spreads:
            if spread.refuses(node):
                return "topology spread"
        return ""

    def _is_near(self, node: Node) -> bool:
        if any(one.key not in node.labels for one in self._pod.near):
            return False
        if all(self._near.get((one.key, node.labels[one.key]), 0) > 0 for one in self._pod.near):
            return True
        # The first of a series of pods that want to be near each other may go anywhere.
        return self._itself and not any(self._near.values())


class _Spreading:
    """The pods of each place of one topology spread constraint."""

    def __init__(self, pod: Pod, spread: Spread, nodes: Iterable[Node], *, lenient: bool) -> None:
        self._spread = spread
        self._namespace = pod.namespace
        self._own = selectors.selects(spread.selector, pod.labels)
        keys = [one.key for one in pod.spread]
        chosen = [
            one for one in nodes if _counts(pod, spread, one) and all(key in one.labels for key in keys)
        ]
        self._counts = {one.labels[spread.key]: 0 for one in chosen}
        self._least: int | None = None
        self._nodes = None if lenient else {one.name for one in chosen}

    def update(self, other: Pod, node: Node, by: int) -> None:
        if self._nodes is not None and node.name not in self._nodes:
            return
        place = node.labels.get(self._spread.key)
        if place not in self._counts or other.ending or other.namespace != self._namespace:
            return
        if selectors.selects(self._spread.selector, other.labels):
            self._counts[place] += by
            self._least = None

    def refuses(self, node: Node) -> bool:
        place = node.labels.get(self._spread.key)
        if place is None:
            return True
        if not self._counts:
            return False
        if self._least is None:
            self._least = min(self._counts.values()) if len(self._counts) >= self._spread.domains else 0
        return self._counts.get(place, 0) + self._own - self._least > self._spread.skew


def _counts(pod: Pod, spread: Spread, node: Node) -> bool:
    """Whether a node is one of those over which the pod is spread."""
    if spread.untainted and selectors.untolerated(node.taints, pod.tolerations):
        return False
    return spread.any_node or chosen(pod, node)


def chosen(pod: Pod, node: Node) -> bool:
    """Whether a node has what the pod's selector and node affinity require."""
    if any(node.labels.get(key) != value for key, value in pod.selector.items()):
        return False
    return selectors.meets(pod.required, node.name, node.labels)


def _count(counter: Counter[Pair], labels: Mapping[str, str], key: str, by: int) -> None:
    if key in labels:
        counter[key, labels[key]] += by
