"""Nodes, and what the pods on them take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from arena import units
from arena.errors import NotFound
from arena.inventory import Node
from arena.resources import NODES, PODS

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]
GPU = "nvidia.com/gpu"
ROLE = "node-role.kubernetes.io/"
VIRTUAL = ("local.arena.io/gpu", "virtual")
UNFINISHED = "status.phase!=Succeeded,status.phase!=Failed"


def nodes(cluster: Cluster, names: Iterable[str] = ()) -> list[Node]:
    """The nodes of the cluster by name, or those named, with what unfinished pods take of each.

    Raises:
        NotFound: a named node does not exist.
    """
    wanted = set(names)
    every = (_node(node) for node in cluster.list(NODES))
    found = [node for node in every if not wanted or node.name in wanted]
    missing = wanted - {node.name for node in found}
    if missing:
        raise NotFound(f'no node "{sorted(missing)[0]}"', "arena top node shows all")
    fields = UNFINISHED + (f",spec.nodeName={next(iter(wanted))}" if len(wanted) == 1 else "")
    taken: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for pod in cluster.list(PODS, None, fields=fields):
        if name := pod["spec"].get("nodeName"):
            for resource, amount in requests(pod).items():
                taken[name][resource] += amount
    return sorted((_loaded(node, taken[node.name]) for node in found), key=lambda node: node.name)


def _loaded(node: Node, taken: dict[str, Decimal]) -> Node:
    return replace(
        node,
        gpus_allocated=int(taken[GPU]),
        cpu_allocated=taken["cpu"],
        memory_allocated=taken["memory"],
    )


def pods_on(cluster: Cluster, node: str) -> list[tuple[str, str, int]]:
    """(namespace, pod, GPUs) of each unfinished pod on the node that holds GPUs."""
    pods = cluster.list(PODS, None, fields=f"{UNFINISHED},spec.nodeName={node}")
    rows = [(pod["metadata"]["namespace"], pod["metadata"]["name"], int(requests(pod)[GPU])) for pod in pods]
    return sorted(row for row in rows if row[2])


def requests(pod: Object) -> dict[str, Decimal]:
    """What a pod asks for by resource name, as the scheduler counts it: cores, bytes, pieces.

    Containers add up; an init container counts where it alone asks for more.
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


def _node(obj: Object) -> Node:
    meta, status = obj["metadata"], obj.get("status", {})
    capacity, healthy = status.get("capacity", {}), status.get("allocatable", {})
    return Node(
        name=meta["name"],
        address=_address(status.get("addresses", ())),
        role=_role(meta.get("labels", {})),
        status=_state(obj),
        virtual_gpus=meta.get("labels", {}).get(VIRTUAL[0]) == VIRTUAL[1],
        gpus=int(units.quantity(capacity.get(GPU, 0))),
        gpus_healthy=int(units.quantity(healthy.get(GPU, 0))),
        cpu=units.quantity(healthy.get("cpu", 0)),
        memory=units.quantity(healthy.get("memory", 0)),
    )


def _address(addresses: Iterable[Object]) -> str:
    found = {one["type"]: one["address"] for one in addresses}
    return str(found.get("InternalIP") or next(iter(found.values()), ""))


def _role(marks: dict[str, str]) -> str:
    return ",".join(sorted(key[len(ROLE) :] for key in marks if key.startswith(ROLE))) or "<none>"


def _state(obj: Object) -> str:
    conditions = {one["type"]: one["status"] for one in obj.get("status", {}).get("conditions", ())}
    ready = "Ready" if conditions.get("Ready") == "True" else "NotReady"
    return ready + (",SchedulingDisabled" if obj.get("spec", {}).get("unschedulable") else "")
