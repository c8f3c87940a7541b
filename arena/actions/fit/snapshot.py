"""What a cluster has and who uses it, read once: all that decides whether pods find a node."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from arena.actions import readings
from arena.actions.nodes import UNFINISHED
from arena.errors import ArenaError, MissingOperator
from arena.model.partial import Unread
from arena.parallel import thread_pool
from arena.resources import CLAIMS, NAMESPACES, NODES, PODS, STORAGE_CLASSES, Resource
from arena.scheduling import nodes, pods, volumes
from arena.scheduling.nodes import Node
from arena.scheduling.pods import Pod
from arena.scheduling.volumes import Storage
from arena.values import frozen

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]
T = TypeVar("T")
LIMIT_RANGES = Resource("", "v1", "limitranges", kind="LimitRange")
PRIORITY_CLASSES = Resource("scheduling.k8s.io", "v1", "priorityclasses", False, kind="PriorityClass")
QUOTAS = Resource("", "v1", "resourcequotas", kind="ResourceQuota")
RUNTIME_CLASSES = Resource("node.k8s.io", "v1", "runtimeclasses", False, kind="RuntimeClass")
VOLUMES = Resource("", "v1", "persistentvolumes", False, kind="PersistentVolume")


@frozen
class Wanted:
    """What of a cluster the pods to be placed depend on."""

    namespace: str
    mounts: bool = False
    runtime_classes: bool = False
    by_namespace: bool = False
    """Whether a term of an affinity selects namespaces by their labels."""


@frozen
class Snapshot:
    """What was read; a part that could not be read is None or empty, and in `unread`."""

    nodes: Sequence[Node] | None
    pods: Sequence[Pod] | None
    waiting: int = 0
    """The number of pods of the cluster that wait for a node."""
    storage: Storage = Storage()
    limit_ranges: Sequence[Object] = ()
    quotas: Sequence[Object] = ()
    priority_classes: Sequence[Object] | None = None
    runtime_classes: Sequence[Object] | None = None
    namespaces: Mapping[str, Mapping[str, str]] | None = None
    unread: Sequence[Unread] = ()
    """Nodes and pods first."""


def read(cluster: Cluster, wanted: Wanted) -> Snapshot:
    """Read the cluster, all at once."""
    reader = _Reader(cluster)
    here = wanted.namespace
    with thread_pool() as threads:

        def ask(resource: Resource, namespace: str | None, effect: str, needed: bool = True) -> Any:
            return threads.submit(reader.all, resource, namespace, effect, needed)

        there = ask(NODES, None, "room on nodes is unknown")
        running = threads.submit(reader.pods, wanted)
        limits = ask(LIMIT_RANGES, here, "limits of the namespace are unchecked")
        quotas = ask(QUOTAS, here, "quotas are unchecked")
        priorities = ask(PRIORITY_CLASSES, None, "priorities are unchecked")
        runtimes = ask(RUNTIME_CLASSES, None, "the runtime class is unchecked", wanted.runtime_classes)
        claims = ask(CLAIMS, here, "volumes are unchecked", wanted.mounts)
        found = ask(VOLUMES, None, "zones of volumes are unchecked", wanted.mounts)
        classes = ask(STORAGE_CLASSES, None, "storage classes are unchecked", wanted.mounts)
        listed = there.result()
        placed = running.result()
        storage = _storage(claims.result(), found.result(), classes.result(), placed or (), here)
        return Snapshot(
            nodes=None if listed is None else [nodes.node(one) for one in listed],
            pods=None if placed is None else [one for one in placed if one.node],
            waiting=sum(not one.node for one in placed or ()),
            storage=storage,
            limit_ranges=limits.result() or (),
            quotas=quotas.result() or (),
            priority_classes=priorities.result(),
            runtime_classes=runtimes.result(),
            namespaces=reader.namespaces,
            unread=sorted(reader.unread, key=lambda one: (one.what not in ("nodes", "pods"), one.what)),
        )


class _Reader:
    """Reads parts of a cluster, and remembers what could not be read."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.unread: list[Unread] = []
        self.namespaces: Mapping[str, Mapping[str, str]] | None = None

    def _tried(self, resource: Resource, effect: str, call: Callable[[], T]) -> T | None:
        try:
            return call()
        except MissingOperator:
            return None
        except ArenaError as error:
            self.unread.append(readings.unread(resource, error, effect))
            return None

    def all(
        self, resource: Resource, namespace: str | None, effect: str, needed: bool = True
    ) -> list[Object] | None:
        """All objects of a type, unless nobody needs them; None if they cannot be read."""
        if not needed:
            return None
        return self._tried(resource, effect, lambda: list(self._cluster.many(resource, namespace)))

    def pods(self, wanted: Wanted) -> list[Pod] | None:
        """All pods that have not ended, those that wait included."""
        if wanted.by_namespace:
            found = self.all(NAMESPACES, None, "affinity to namespaces by their labels is unchecked")
            labels = {one["metadata"]["name"]: one["metadata"].get("labels") or {} for one in found or ()}
            self.namespaces = None if found is None else labels
        return self._tried(
            PODS,
            "room on nodes is unknown",
            lambda: [
                pods.pod(one, self.namespaces) for one in self._cluster.pod_requests(UNFINISHED, placing=True)
            ],
        )


def _storage(
    claims: Iterable[Object] | None,
    found: Iterable[Object] | None,
    classes: Iterable[Object] | None,
    placed: Iterable[Pod],
    namespace: str,
) -> Storage:
    default = ""
    for one in classes or ():
        if volumes.is_default(one):
            default = one["metadata"]["name"]
    in_use: dict[str, set[str]] = defaultdict(set)
    for pod in placed:
        if pod.namespace == namespace and pod.node:
            for name in pod.claims:
                in_use[name].add(pod.node)
    return Storage(
        claims=volumes.by_name(volumes.claim(one, default) for one in claims or ()),
        volumes=volumes.by_name(map(volumes.volume, found or ())),
        classes=volumes.by_name(map(volumes.storage_class, classes or ())),
        in_use={name: frozenset(nodes) for name, nodes in in_use.items()},
    )
