"""The nodes of a cluster, and what the pods on each request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, Any

from arena import accelerators, units
from arena.actions import readings
from arena.errors import ArenaError, NotFound
from arena.model.nodes import Node
from arena.model.partial import Partial
from arena.resources import NODES, PODS

if TYPE_CHECKING:
    from arena.kube import Cluster
    from arena.session import Session

Object = dict[str, Any]
ROLE = "node-role.kubernetes.io/"
_GPUS = "accelerators"
"""The key for the number of a node's accelerators that its pods use."""
VIRTUAL = ("local.arena.io/gpu", "virtual")
"""The label of a node with virtual GPUs."""
UNFINISHED = "status.phase!=Succeeded,status.phase!=Failed"
UNKNOWN = "allocated resources are unknown"
"""What the answer lacks if the pods cannot be read."""
Amounts = Mapping[str, Decimal]
"""Resource name -> cores, bytes or number of devices."""


def nodes(session: Session, names: Iterable[str] = ()) -> Partial[Node]:
    """All or the named nodes of the cluster, by name, with what unfinished pods request of each.

    Raises:
        NotFound: a named node does not exist.
    """
    cluster, wanted = session.cluster(), set(names)
    every = (_node(node) for node in cluster.many(NODES))
    found = {node.name: (node, capacity) for node, capacity in every if not wanted or node.name in wanted}
    if missing := wanted - found.keys():
        raise NotFound(f'no node "{sorted(missing)[0]}"', "arena top node shows all")
    fields = UNFINISHED + (f",spec.nodeName={next(iter(wanted))}" if len(wanted) == 1 else "")
    ordered = [found[name] for name in sorted(found)]
    try:
        taken = _taken(ordered, cluster.pod_requests(fields))
    except ArenaError as error:
        return Partial([_unknown(node) for node, _ in ordered], [readings.unread(PODS, error, UNKNOWN)])
    return Partial([_loaded(node, taken[node.name]) for node, _ in ordered])


def _taken(nodes: Iterable[tuple[Node, Amounts]], pods: Iterable[Object]) -> Mapping[str, Amounts]:
    """What the pods request of each node, by its name."""
    capacities = {node.name: capacity for node, capacity in nodes}
    taken: dict[str, dict[str, Decimal]] = {name: defaultdict(Decimal) for name in capacities}
    for pod in pods:
        if (name := pod["spec"].get("nodeName")) in capacities:
            asked = requests(pod)
            taken[name]["cpu"] += asked["cpu"]
            taken[name]["memory"] += asked["memory"]
            taken[name][_GPUS] += accelerators.held(asked, capacities[name])
    return taken


def lacking(cluster: Cluster, manifest: Object) -> list[tuple[str, int, int]]:
    """Devices of which a container requests more than any node has: (name, requested, maximum of a node).

    Args:
        manifest: the job as it was sent, of any kind.
    """
    wants: dict[str, int] = {}
    for limits in _limits(manifest):
        for name, amount in limits.items():
            if "/" in name:
                wants[name] = max(wants.get(name, 0), int(units.quantity(amount)))
    has = (
        [(node.get("status") or {}).get("allocatable") or {} for node in cluster.list(NODES)] if wants else []
    )
    most = {name: max((int(units.quantity(one.get(name, 0))) for one in has), default=0) for name in wants}
    return [(name, count, most[name]) for name, count in sorted(wants.items()) if count > most[name]]


def _limits(data: Any) -> Iterator[Object]:
    """The limits of all containers in an object, at any depth."""
    if isinstance(data, dict):
        if isinstance(found := data.get("resources"), dict):
            yield found.get("limits") or {}
        data = list(data.values())
    for one in data if isinstance(data, list) else ():
        yield from _limits(one)


def _loaded(node: Node, taken: Amounts) -> Node:
    return replace(
        node,
        gpus_allocated=int(taken[_GPUS].to_integral_value(ROUND_CEILING)),
        cpu_allocated=taken["cpu"],
        memory_allocated=taken["memory"],
    )


def _unknown(node: Node) -> Node:
    """The node, whose usage is unknown."""
    return replace(node, gpus_allocated=None, cpu_allocated=None, memory_allocated=None)


def pods_on(cluster: Cluster, node: str) -> Partial[tuple[str, str, int]]:
    """(namespace, pod, GPUs) of each unfinished pod on the node that requests GPUs or other accelerators."""

    def rows() -> list[tuple[str, str, int]]:
        pods = cluster.list(PODS, None, fields=f"{UNFINISHED},spec.nodeName={node}")
        found = [
            (pod["metadata"]["namespace"], pod["metadata"]["name"], _gpus(requests(pod))) for pod in pods
        ]
        return sorted(row for row in found if row[2])

    return readings.optional(PODS, readings.INSTANCES, rows)


def _gpus(asked: Amounts) -> int:
    return sum(int(amount) for name, amount in asked.items() if accelerators.counts(name))


def requests(pod: Object) -> dict[str, Decimal]:
    """The resources that a pod requests, as the scheduler counts them.

    The requests of containers add up; an init container counts if it requests more than their sum.
    """
    total: dict[str, Decimal] = defaultdict(Decimal)
    for container in pod["spec"].get("containers", ()):
        for name, amount in _asked(container).items():
            total[name] += amount
    for container in pod["spec"].get("initContainers", ()):
        for name, amount in _asked(container).items():
            total[name] = max(total[name], amount)
    return total


def _asked(container: Object) -> dict[str, Decimal]:
    resources = container.get("resources") or {}
    asked = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    return {name: units.quantity(amount) for name, amount in asked.items()}


def _node(obj: Object) -> tuple[Node, Amounts]:
    """The node, without the requests of its pods, and its capacity."""
    meta, status = obj["metadata"], obj.get("status", {})
    capacity, healthy = _amounts(status.get("capacity")), _amounts(status.get("allocatable"))
    node = Node(
        name=meta["name"],
        address=_address(status.get("addresses", ())),
        role=_role(meta.get("labels", {})),
        status=_state(obj),
        virtual_gpus=meta.get("labels", {}).get(VIRTUAL[0]) == VIRTUAL[1],
        gpus=accelerators.offered(capacity),
        gpus_healthy=accelerators.offered(healthy),
        cpu=healthy.get("cpu", Decimal(0)),
        memory=healthy.get("memory", Decimal(0)),
    )
    return node, capacity


def _amounts(quantities: Object | None) -> Amounts:
    return {name: units.quantity(amount) for name, amount in (quantities or {}).items()}


def _address(addresses: Iterable[Object]) -> str:
    found = {one["type"]: one["address"] for one in addresses}
    return str(found.get("InternalIP") or next(iter(found.values()), ""))


def _role(marks: dict[str, str]) -> str:
    return ",".join(sorted(key[len(ROLE) :] for key in marks if key.startswith(ROLE))) or "<none>"


def _state(obj: Object) -> str:
    conditions = {one["type"]: one["status"] for one in obj.get("status", {}).get("conditions", ())}
    ready = "Ready" if conditions.get("Ready") == "True" else "NotReady"
    return ready + (",SchedulingDisabled" if obj.get("spec", {}).get("unschedulable") else "")
