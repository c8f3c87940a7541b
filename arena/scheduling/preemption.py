"""Which pods of lower priority a scheduler ends so that a pod fits, as that of Kubernetes chooses them."""

from __future__ import annotations

from collections.abc import Sequence

from arena.scheduling.pods import Pod
from arena.scheduling.state import Role, State

RESOLVABLE = ("lacks ", "host port", "pod anti-affinity", "anti-affinity", "topology spread")
"""Beginnings of the obstacles that may go away with pods of the node."""


def candidates(state: State, role: Role, names: Sequence[str]) -> dict[str, list[Pod]]:
    """For each of these nodes where it helps: the pods to end there so that one more pod of the role fits."""
    if not role.pod.preempts:
        return {}
    found = {}
    for name in names:
        if any(_is_weaker(one, role.pod) for one in state.pods[name]) and _helps(state, role, name):
            victims = _victims(state, role, name)
            if victims:
                found[name] = victims
    return found


def _is_weaker(other: Pod, pod: Pod) -> bool:
    # What this placement has put there is no victim of it.
    return bool(other.node) and other.priority < pod.priority


def _helps(state: State, role: Role, name: str) -> bool:
    return all(one.startswith(RESOLVABLE) for one in state.lacks(role, name))


def _victims(state: State, role: Role, name: str) -> list[Pod]:
    """The fewest important pods of a node whose end makes room; none if even all of them do not."""
    weak = [one for one in state.pods[name] if _is_weaker(one, role.pod)]
    for one in weak:
        state.remove(one, name)
    victims = []
    if fits := state.fits(role, name):
        for one in sorted(weak, key=_importance):
            state.add(one, name)
            if not state.fits(role, name):
                state.remove(one, name)
                victims.append(one)
        for one in victims:
            state.add(one, name)
    else:
        for one in weak:
            state.add(one, name)
    return victims if fits else []


def _importance(pod: Pod) -> tuple[int, str]:
    """A sort key: the most important pod first."""
    return -pod.priority, pod.started


def cost(victims: Sequence[Pod]) -> tuple[int, int, int]:
    """A sort key: the cheapest pods to end first."""
    priorities = [one.priority for one in victims]
    return max(priorities), sum(one + 2**31 for one in priorities), len(victims)
