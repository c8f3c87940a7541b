"""Why pods of a role find no node, in the terms of the nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from arena.scheduling import amounts, packing
from arena.scheduling.packing import Placement
from arena.scheduling.state import Role, State
from arena.values import frozen


@frozen
class Shortage:
    """Why some pods of a role find no node."""

    role: str
    missing: int
    """The number of these pods."""
    obstacles: Mapping[str, int]
    """Obstacle -> the number of nodes that it concerns, the most frequent first."""
    closest: str = ""
    """What the node lacks that has the most of it, as a sentence."""


def shortages(state: State, roles: Sequence[Role], placement: Placement) -> list[Shortage]:
    """Why the pods that are missing in a placement find no node after the others were placed."""
    with packing.attempt(state) as trial:
        by_name = {role.name: role for role in roles}
        victims = {id(one) for one in placement.victims}
        for name, there in state.pods.items():
            for pod in [one for one in there if id(one) in victims]:
                trial.end(pod, name)
        for name, nodes in placement.placed.items():
            for node, count in nodes.items():
                for _ in range(count):
                    trial.put(by_name[name], node)
        return [_shortage(state, by_name[name], count) for name, count in placement.missing.items()]


def _shortage(state: State, role: Role, missing: int) -> Shortage:
    found = Counter(role.refused.values())
    lacks = {name: state.lacks(role, name) for name in role.candidates}
    for several in lacks.values():
        found.update(several)
    return Shortage(
        role=role.name,
        missing=missing,
        obstacles=dict(found.most_common()),
        closest=_closest(state, role, lacks),
    )


def _closest(state: State, role: Role, lacks: Mapping[str, Sequence[str]]) -> str:
    """What the node lacks that comes nearest to taking one more pod, if it lacks only one resource."""
    single: dict[str, str] = {}
    for name, several in lacks.items():
        if len(several) == 1 and several[0].startswith("lacks "):
            single[name] = several[0].removeprefix("lacks ")
    if not single:
        return ""
    name = max(
        single, key=lambda one: state.free[one].get(single[one], 0) / (role.pod.wants.get(single[one]) or 1)
    )
    resource = single[name]
    wanted, free = role.pod.wants.get(resource, 1), max(state.free[name].get(resource, 0), 0)
    shown = f"{amounts.text(resource, wanted)} {resource}"
    return f"each needs {shown}; the most that a node has left is {amounts.text(resource, free)} ({name})"
