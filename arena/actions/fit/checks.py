"""Pods as the API server would complete them, and why it or the volumes would refuse them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from arena.actions.fit.demands import Demand
from arena.actions.fit.snapshot import Snapshot
from arena.scheduling import limit_ranges, pods, quotas
from arena.scheduling.state import Role
from arena.values import replace

Object = Mapping[str, Any]
VOLUMES = ("persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io")
"""What decides where claims can be mounted, as it is called in `Snapshot.unread`."""
SYSTEM = {"system-cluster-critical": 2000000000, "system-node-critical": 2000001000}
"""Priority classes that always exist."""


def completed(demand: Demand, snapshot: Snapshot) -> Demand:
    """The pods with their priority, the defaults of the namespace, and what their runtime class adds."""
    spec = limit_ranges.completed(demand.template["spec"], snapshot.limit_ranges)
    chosen = _priority(spec.get("priorityClassName") or "", snapshot.priority_classes or ())
    spec |= {"priority": chosen.get("value") or 0}
    if policy := chosen.get("preemptionPolicy"):
        spec.setdefault("preemptionPolicy", policy)
    runtime = _named(snapshot.runtime_classes or (), spec.get("runtimeClassName") or "")
    if overhead := (runtime.get("overhead") or {}).get("podFixed"):
        spec["overhead"] = overhead
    placing = runtime.get("scheduling") or {}
    if placing:
        spec["nodeSelector"] = {**(placing.get("nodeSelector") or {}), **(spec.get("nodeSelector") or {})}
        spec["tolerations"] = [*(spec.get("tolerations") or ()), *(placing.get("tolerations") or ())]
    return replace(demand, template={**demand.template, "spec": spec})


def selected(demand: Demand, labels: Mapping[str, str]) -> Demand:
    """The pods, which a queue sends to nodes with these labels."""
    if not labels:
        return demand
    spec = demand.template["spec"]
    placed = {**spec, "nodeSelector": {**(spec.get("nodeSelector") or {}), **labels}}
    return replace(demand, template={**demand.template, "spec": placed})


def _priority(name: str, classes: Sequence[Object]) -> Object:
    if name in SYSTEM:
        return {"value": SYSTEM[name]}
    if name:
        return _named(classes, name)
    return next((one for one in classes if one.get("globalDefault")), {})


def _named(several: Sequence[Object], name: str) -> Object:
    return next((one for one in several if one["metadata"]["name"] == name), {})


def role(demand: Demand, namespace: str, snapshot: Snapshot) -> Role:
    """The role of a demand, for the scheduler; its pods are in that namespace."""
    meta = {**(demand.template.get("metadata") or {}), "namespace": namespace}
    meta.pop("name", None)
    made = pods.pod({"metadata": meta, "spec": demand.template["spec"]}, snapshot.namespaces)
    return Role(demand.role, made, demand.count)


def problems(
    demands: Sequence[Demand], roles: Sequence[Role], snapshot: Snapshot, objects: Mapping[str, int]
) -> list[str]:
    """Why the API server would refuse pods, or why none of them could start anywhere; one sentence each.

    Args:
        objects: key of a quota -> the number of objects that the job itself costs.
    """
    found = dict.fromkeys(_refusals(demands, snapshot, objects))
    if not any(one.what in VOLUMES for one in snapshot.unread):
        found |= dict.fromkeys(_of_volumes(roles, snapshot))
    return list(found)


def _refusals(demands: Sequence[Demand], snapshot: Snapshot, objects: Mapping[str, int]) -> Iterator[str]:
    for one in demands:
        spec = one.template["spec"]
        name = spec.get("priorityClassName") or ""
        if name and snapshot.priority_classes is not None and not _priority(name, snapshot.priority_classes):
            yield f'there is no priority class "{name}"'
        runtime = spec.get("runtimeClassName") or ""
        if runtime and snapshot.runtime_classes is not None and not _named(snapshot.runtime_classes, runtime):
            yield f'there is no runtime class "{runtime}"'
        yield from limit_ranges.violations(spec, snapshot.limit_ranges)
    several = [(one.template["spec"], one.count) for one in demands]
    yield from quotas.shortages(snapshot.quotas, several, objects)


def _of_volumes(roles: Sequence[Role], snapshot: Snapshot) -> Iterator[str]:
    for name in dict.fromkeys(claim for one in roles for claim in one.pod.claims):
        if why := snapshot.storage.obstacle(name):
            yield why
            continue
        mounting = sum(one.count for one in roles if name in one.pod.claims)
        if snapshot.storage.is_for_one_pod(name) and mounting > 1:
            yield f'the claim "{name}" is ReadWriteOncePod, and {mounting} instances mount it'


def mounted_apart(
    roles: Sequence[Role], placed: Mapping[str, Mapping[str, int]], snapshot: Snapshot
) -> Iterator[str]:
    """The claims that only one node can mount, if instances on several would; one sentence each."""
    for name in dict.fromkeys(claim for one in roles for claim in one.pod.claims):
        if name not in snapshot.storage.claims or not snapshot.storage.is_for_one_node(name):
            continue
        used = snapshot.storage.in_use.get(name, frozenset())
        there = {node for one in roles if name in one.pod.claims for node in placed.get(one.name, {})}
        possible = {node for one in roles if name in one.pod.claims for node in one.candidates}
        if len(there | used) > 1 or (len(possible | used) > 1 and _several(roles, name, used)):
            where = f", and {', '.join(sorted(used))} has it" if used else ""
            yield f'the claim "{name}" is ReadWriteOnce: only one node can mount it{where}'


def _several(roles: Sequence[Role], name: str, used: frozenset[str]) -> bool:
    return bool(used) or sum(one.count for one in roles if name in one.pod.claims) > 1
