"""The state of a cluster as pods are placed: what is free on each node, and who is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from arena.scheduling import amounts
from arena.scheduling.nodes import Node
from arena.scheduling.pods import Pod
from arena.scheduling.topology import Surroundings, chosen
from arena.scheduling.volumes import Storage

SELECTOR = "selector or node affinity"
NO_STORAGE = Storage()


class Role:
    """Pods of a job that are all alike, and what keeps them from each node, whatever runs there.

    Attributes:
        name: what the job calls them.
        pod: any one of them.
        count: how many there are.
        refused: node -> why none of them can ever be there.
        candidates: the nodes on which they could be if there were room.
    """

    def __init__(self, name: str, pod: Pod, count: int) -> None:
        self.name = name
        self.pod = pod
        self.count = count
        self.refused: dict[str, str] = {}
        self.candidates: list[str] = []
        self.around: Surroundings | None = None

    @property
    def is_wary(self) -> bool:
        """Whether more than the room on a node decides, so that nodes must be looked at again each time."""
        return self.around is not None or bool(self.pod.claims)


class State:
    """Nodes, the pods on them, and those that are tried.

    Args:
        nodes: all nodes of the cluster.
        pods: the pods that hold something of these nodes; others are ignored.
        storage: the claims that pods to be placed may mount.
        lenient: as of `Surroundings`.
    """

    def __init__(
        self,
        nodes: Iterable[Node],
        pods: Iterable[Pod],
        storage: Storage = NO_STORAGE,
        *,
        lenient: bool = False,
    ) -> None:
        self.nodes: Mapping[str, Node] = {one.name: one for one in nodes}
        self.free: dict[str, dict[str, int]] = {
            one.name: dict(one.allocatable) for one in self.nodes.values()
        }
        self.pods: dict[str, list[Pod]] = {name: [] for name in self.nodes}
        self.storage = storage
        self.taken: dict[str, str] = {}
        self._lenient = lenient
        self._roles: list[Role] = []
        self._keepers: list[tuple[Pod, str]] = []
        for pod in pods:
            if pod.node in self.nodes:
                self.add(pod, pod.node)

    def prepare(self, roles: Sequence[Role]) -> None:
        """Find out where the pods of these roles could be, and follow what happens around them."""
        self._roles = []
        keepers = [term for there in self.pods.values() for pod in there for term in pod.away]
        keepers += [term for role in roles for term in role.pod.away]
        for role in roles:
            role.refused = {}
            for node in self.nodes.values():
                if why := self._refusal(role.pod, node):
                    role.refused[node.name] = why
            role.candidates = [name for name in self.nodes if name not in role.refused]
            pod, role.around = role.pod, None
            if pod.near or pod.away or pod.spread or any(term.selects(pod) for term in keepers):
                role.around = Surroundings(pod, self.nodes.values(), lenient=self._lenient)
                for name, there in self.pods.items():
                    for other in there:
                        role.around.update(other, self.nodes[name], 1)
            self._roles.append(role)

    def _refusal(self, pod: Pod, node: Node) -> str:
        if why := node.obstacle(pod.tolerations):
            return why
        if not chosen(pod, node):
            return SELECTOR
        for name in pod.claims:
            if not self.storage.reaches(name, node, {}):
                return f'volume of claim "{name}"'
        return ""

    def lacks(self, role: Role, name: str) -> list[str]:
        """Why a candidate cannot take one more pod of a role now; empty if it can."""
        pod = role.pod
        found = [f"lacks {one}" for one in amounts.lacking(pod.wants, self.free[name])]
        if pod.ports and self._conflict(pod, name):
            found.append("host port in use")
        if role.around and (why := role.around.unmet(self.nodes[name])):
            found.append(why)
        for one in pod.claims:
            if not self.storage.reaches(one, self.nodes[name], self.taken):
                found.append(f'volume of claim "{one}"')
        return found

    def _conflict(self, pod: Pod, name: str) -> bool:
        there = (port for other in self.pods[name] for port in other.ports)
        return any(port.conflicts(own) for port in there for own in pod.ports)

    def fits(self, role: Role, name: str) -> bool:
        """Whether a candidate can take one more pod of a role now."""
        return self.has_room(role, name) and self.is_met(role, name)

    def has_room(self, role: Role, name: str) -> bool:
        """Whether a candidate has the resources and the ports for one more pod of a role."""
        pod = role.pod
        return amounts.enough(pod.wants, self.free[name]) and not (pod.ports and self._conflict(pod, name))

    def is_met(self, role: Role, name: str) -> bool:
        """Whether the pods around a candidate and its volumes allow one more pod of a role."""
        node = self.nodes[name]
        if role.around and role.around.unmet(node):
            return False
        return all(self.storage.reaches(one, node, self.taken) for one in role.pod.claims)

    def add(self, pod: Pod, name: str) -> None:
        """Put a pod on a node."""
        self.pods[name].append(pod)
        self._change(pod, name, 1)
        for claim in pod.claims:
            found = self.storage.claims.get(claim)
            if found and not found.volume and claim not in self.taken and not pod.node:
                self.taken[claim] = self.storage.choice(claim, self.nodes[name], self.taken) or ""

    def remove(self, pod: Pod, name: str) -> None:
        """Take a pod off a node."""
        there = self.pods[name]
        # Most of those that leave came last.
        del there[next(at for at in range(len(there) - 1, -1, -1) if there[at] is pod)]
        self._change(pod, name, -1)

    def _change(self, pod: Pod, name: str, by: int) -> None:
        free = self.free[name]
        free[amounts.PODS] = free.get(amounts.PODS, 0) - by
        for resource, amount in pod.wants.items():
            free[resource] = free.get(resource, 0) - by * amount
        for role in self._roles:
            if role.around:
                role.around.update(pod, self.nodes[name], by)
