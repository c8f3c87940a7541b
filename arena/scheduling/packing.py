"""Placements of the pods of a job, one after the other, as a scheduler does it: it never takes one back."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from arena.scheduling import amounts, preemption
from arena.scheduling.pods import Pod
from arena.scheduling.state import Role, State
from arena.values import field, frozen

Choose = Callable[[State, Role, list[str]], str]
"""(state, role, nodes with room) -> the node for the next pod."""


@frozen
class Placement:
    """Where the pods of a job went in one attempt."""

    placed: dict[str, dict[str, int]] = field(default_factory=dict)
    """Role -> node -> the number of its pods there."""
    missing: dict[str, int] = field(default_factory=dict)
    """Role -> the number of its pods that found no node."""
    victims: list[Pod] = field(default_factory=list)
    """Pods that would be ended for it."""

    @property
    def is_complete(self) -> bool:
        """Whether all pods found a node."""
        return not self.missing

    @property
    def size(self) -> int:
        """The number of pods that found a node."""
        return sum(sum(one.values()) for one in self.placed.values())


def emptiest(state: State, role: Role, names: list[str]) -> str:
    """The node on which most is free, as the scheduler of Kubernetes prefers it."""
    return max(names, key=lambda name: _free_share(state, role, name))


def fullest(state: State, role: Role, names: list[str]) -> str:
    """The node on which least is free."""
    return min(names, key=lambda name: _free_share(state, role, name))


def _free_share(state: State, role: Role, name: str) -> float:
    free, offered = state.free[name], state.nodes[name].allocatable
    wanted = [one for one in (amounts.CPU, amounts.MEMORY, *role.pod.wants) if offered.get(one)]
    return sum((free[one] - role.pod.wants.get(one, 0)) / offered[one] for one in wanted) / (len(wanted) or 1)


def at_random(seed: int) -> Choose:
    """Any node, always the same ones for the same seed."""
    generator = random.Random(seed)
    return lambda state, role, names: generator.choice(names)


def place(state: State, roles: Sequence[Role], choose: Choose) -> Placement:
    """Place the pods of these roles in their order, those that fail once more after each success.

    The state is as before afterwards.
    """
    with attempt(state) as trial:
        waiting = [(role, role.count) for role in roles]
        while waiting:
            left = [(role, trial.fill(role, count, choose)) for role, count in waiting]
            left = [one for one in left if one[1]]
            if sum(count for _, count in left) == sum(count for _, count in waiting):
                break
            waiting = left
        missing = {role.name: count for role, count in waiting}
        return Placement(placed=trial.placed, missing=missing, victims=trial.ended)


class Trial:
    """Placements on a state that are taken back at the end.

    Attributes:
        placed: as of `Placement`.
        ended: the pods that were ended.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self.placed: dict[str, dict[str, int]] = {}
        self.ended: list[Pod] = []
        self._added: list[tuple[Pod, str]] = []
        self._removed: list[tuple[Pod, str]] = []
        self._victims: dict[str, dict[str, list[Pod]]] = {}
        self._changed: dict[str, set[str]] = {}

    def fill(self, role: Role, count: int, choose: Choose) -> int:
        """Place some pods of a role; return how many found no node."""
        roomy = [name for name in role.candidates if self.state.has_room(role, name)]
        while count:
            names = [one for one in roomy if self.state.is_met(role, one)] if role.is_wary else roomy
            if names:
                name = choose(self.state, role, names)
                self.put(role, name)
                count -= 1
                if not self.state.has_room(role, name):
                    roomy.remove(name)
            elif freed := self._preempt(role):
                roomy += [] if freed in roomy else [freed]
            else:
                break
        return count

    def put(self, role: Role, name: str) -> None:
        """Place one pod of a role."""
        self.state.add(role.pod, name)
        self._added.append((role.pod, name))
        self._change(name)
        there = self.placed.setdefault(role.name, {})
        there[name] = there.get(name, 0) + 1

    def take_back(self, role: Role, name: str) -> None:
        """Take back the pod that was placed last, which is of that role and on that node."""
        self.state.remove(role.pod, name)
        self._added.pop()
        self.placed[role.name][name] -= 1

    def _preempt(self, role: Role) -> str:
        """End pods of lower priority on the node where that costs least, and return it; "" if none helps."""
        found = self._victims.get(role.name)
        if found is None or role.is_wary:
            found = preemption.candidates(self.state, role, role.candidates)
        else:
            # Only what has changed since is looked at again.
            names = [one for one in self._changed[role.name] if one not in role.refused]
            found = {name: one for name, one in found.items() if name not in self._changed[role.name]}
            found |= preemption.candidates(self.state, role, names)
        self._victims[role.name], self._changed[role.name] = found, set()
        if not found:
            return ""
        name = min(found, key=lambda one: preemption.cost(found[one]))
        for one in found[name]:
            self.end(one, name)
        return name

    def _change(self, name: str) -> None:
        for changed in self._changed.values():
            changed.add(name)

    def end(self, pod: Pod, name: str) -> None:
        """End a pod that runs on a node."""
        self.state.remove(pod, name)
        self._removed.append((pod, name))
        self._change(name)
        self.ended.append(pod)

    def undo(self) -> None:
        """Make the state what it was."""
        for pod, name in reversed(self._added):
            self.state.remove(pod, name)
        for pod, name in reversed(self._removed):
            self.state.add(pod, name)


@contextmanager
def attempt(state: State) -> Iterator[Trial]:
    """A trial that is taken back at the end."""
    trial, taken = Trial(state), dict(state.taken)
    try:
        yield trial
    finally:
        trial.undo()
        state.taken = taken
