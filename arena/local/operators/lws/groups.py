"""The groups of a LeaderWorkerSet: each has a leader, and workers that belong to this leader."""

from collections import defaultdict
from collections.abc import Iterable

from arena.digits import whole
from arena.local.machinery import pod_status
from arena.local.objects import Object
from arena.local.operators.lws.labels import GROUP, SIZE, WORKER
from arena.local.operators.lws.revisions import hash_of
from arena.local.operators.lws.rollout import State
from arena.values import frozen


@frozen
class Group:
    """The pods of one group, in whatever state they are."""

    index: int
    leader: Object | None = None
    workers: tuple[Object, ...] = ()
    """The leader's workers."""
    strangers: tuple[Object, ...] = ()
    """Pods that are left of an earlier leader."""

    @property
    def pods(self) -> list[Object]:
        """All its pods."""
        return [*([self.leader] if self.leader else []), *self.workers, *self.strangers]

    @property
    def size(self) -> int:
        """The number of pods that its leader was made for."""
        notes = (self.leader or {"metadata": {}})["metadata"].get("annotations") or {}
        return whole(notes.get(SIZE)) or 1

    @property
    def revision(self) -> str:
        """The hash of its leader's revision; "" without a leader."""
        return hash_of(self.leader) if self.leader else ""

    @property
    def is_ready(self) -> bool:
        """Whether its leader and all workers are ready."""
        if self.leader is None or len(self.workers) < self.size - 1:
            return False
        return all(map(pod_status.is_ready, (self.leader, *self.workers)))

    @property
    def broken(self) -> list[Object]:
        """The pods that were deleted, have ended, or have started a container again."""
        pods = [self.leader, *self.workers] if self.leader else []
        return [pod for pod in pods if not pod_status.is_active(pod) or pod_status.restarts(pod)]

    @property
    def is_starting(self) -> bool:
        """Whether a pod is missing or has not started yet."""
        pending = [pod for pod in self.pods if pod_status.phase(pod) == "Pending"]
        return len(self.pods) != self.size or bool(pending)

    def state(self, revision: str) -> State:
        """Whether it is ready, and of the revision with this hash."""
        return State(self.is_ready, self.revision == revision)


def by_index(pods: Iterable[Object]) -> dict[int, Group]:
    """The groups that these pods form, by index; pods without the labels belong to none."""
    found: dict[int, list[Object]] = defaultdict(list)
    for pod in pods:
        index = _number(pod, GROUP)
        if index is not None and _number(pod, WORKER) is not None:
            found[index].append(pod)
    return {index: _group(index, members) for index, members in found.items()}


def worker_index(pod: Object) -> int:
    """The index of a pod in its group."""
    return _number(pod, WORKER) or 0


def _group(index: int, pods: list[Object]) -> Group:
    leader = next((pod for pod in pods if worker_index(pod) == 0), None)
    uid = leader["metadata"]["uid"] if leader else ""
    workers = [pod for pod in pods if pod is not leader]
    mine = [pod for pod in workers if any(one["uid"] == uid for one in _owners(pod))]
    strangers = tuple(pod for pod in workers if pod not in mine)
    return Group(index=index, leader=leader, workers=tuple(mine), strangers=strangers)


def _owners(pod: Object) -> list[Object]:
    return pod["metadata"].get("ownerReferences") or []


def _number(pod: Object, label: str) -> int | None:
    return whole((pod["metadata"].get("labels") or {}).get(label))
