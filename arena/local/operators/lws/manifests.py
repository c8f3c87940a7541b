"""The pods and Services of a LeaderWorkerSet.

The real operator makes its pods by StatefulSets, and a webhook completes them; here the operator makes them
itself, with the same names, labels, annotations and variables.
"""

import copy
import hashlib

from arena.digits import whole
from arena.local.machinery import volume_claims
from arena.local.machinery.loopback import allotted_ports, is_local
from arena.local.objects import LOOPBACK, Object, key
from arena.local.operators.lws import labels as names
from arena.local.operators.lws.revisions import hash_of, spec_of

FALLBACK = {"name": "leader", "port": 29500, "protocol": "TCP"}
"""The port of a Service whose leader declares none, so that the local cluster is known by what it allots."""
_RENDEZVOUS = ("MASTER_PORT", "LEADER_PORT", "HEAD_PORT")
"""Variables with a port of the leader, even if a worker declares one of that number, too."""


def leader(lws: Object, revision: Object, index: int, service: Object) -> Object:
    """The leader of a group."""
    spec = spec_of(revision)["leaderWorkerTemplate"]
    template = spec.get("leaderTemplate") or spec["workerTemplate"]
    name = f"{lws['metadata']['name']}-{index}"
    labels = _labels(lws, index, 0, hash_of(revision))
    if spec.get("subGroupPolicy") and _policy(spec) != "LeaderExcluded":
        labels |= {names.SUBGROUP: "0", names.SUBGROUP_KEY: _sha1(f"{name}/0")}
    pod = _pod(template, name, labels, _notes(lws, revision))
    _join(pod, lws, revision, index, service)
    return pod


def worker(lws: Object, revision: Object, head: Object, index: int, service: Object) -> Object:
    """A worker of the group that a leader heads, which is to own it."""
    spec = spec_of(revision)["leaderWorkerTemplate"]
    group = int(head["metadata"]["labels"][names.GROUP])
    first = key(head)[1]
    labels = _labels(lws, group, index, hash_of(revision))
    if policy := spec.get("subGroupPolicy"):
        part = _subgroup(int(spec["size"]), int(policy["subGroupSize"]), index)
        labels |= {names.SUBGROUP: part, names.SUBGROUP_KEY: _sha1(f"{first}/{part}")}
    notes = {**_notes(lws, revision), names.LEADER: first}
    pod = _pod(spec["workerTemplate"], f"{first}-{index}", labels, notes)
    _join(pod, lws, revision, group, service)
    _point_at(pod["spec"], head)
    return pod


def _labels(lws: Object, group: int, index: int, mark: str) -> dict[str, str]:
    namespace, name = key(lws)
    return {
        names.NAME: name,
        names.GROUP: str(group),
        names.WORKER: str(index),
        names.GROUP_KEY: _sha1(f"{namespace}/{name}-{group}"),
        names.REVISION: mark,
        "apps.kubernetes.io/pod-index": str(index or group),
    }


def _notes(lws: Object, revision: Object) -> dict[str, str]:
    given = lws["metadata"].get("annotations") or {}
    spec = spec_of(revision)["leaderWorkerTemplate"]
    found = {names.SIZE: str(spec.get("size", 1))}
    kept = [names.EXCLUSIVE]
    if policy := spec.get("subGroupPolicy"):
        found |= {names.SUBGROUP_POLICY: _policy(spec), names.SUBGROUP_SIZE: str(policy["subGroupSize"])}
        kept.append(names.SUBGROUP_EXCLUSIVE)
    if is_unique(revision):
        found[names.SUBDOMAIN] = "UniquePerReplica"
    return found | {name: given[name] for name in kept if given.get(name)}


def _policy(spec: Object) -> str:
    return str(spec["subGroupPolicy"].get("subGroupPolicyType") or "LeaderWorker")


def _subgroup(size: int, part: int, index: int) -> str:
    """The part of a group in which a worker is; the leader is of the first, or one more than its size."""
    extra = (size - 1) % part == 0 and size % part != 0
    return str((index - 1 if extra else index) // part)


def is_unique(revision: Object) -> bool:
    """Whether each group has a Service of its own."""
    return bool(spec_of(revision)["networkConfig"].get("subdomainPolicy") == "UniquePerReplica")


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _pod(template: Object, name: str, labels: dict[str, str], notes: dict[str, str]) -> Object:
    meta = copy.deepcopy(template.get("metadata") or {})
    meta |= {
        "name": name,
        "labels": {**(meta.get("labels") or {}), **labels},
        "annotations": {**(meta.get("annotations") or {}), **notes},
    }
    return {"metadata": meta, "spec": copy.deepcopy(template["spec"])}


def _join(pod: Object, lws: Object, revision: Object, group: int, service: Object) -> None:
    """Give a pod its name in the network, its claims and the variables that show it its group, in place."""
    spec, name = pod["spec"], pod["metadata"]["name"]
    subdomain = service["metadata"]["name"]
    spec |= {"hostname": name, "subdomain": subdomain}
    claims = spec_of(revision)["leaderWorkerTemplate"].get("volumeClaimTemplates") or []
    volume_claims.mount(spec, claims, name)
    namespace, own = key(lws)
    address = LOOPBACK if is_local(service) else f"{own}-{group}.{subdomain}.{namespace}"
    variables = {
        names.LEADER_ADDRESS: address,
        names.GROUP_SIZE: pod["metadata"]["annotations"][names.SIZE],
        names.WORKER_INDEX: pod["metadata"]["labels"][names.WORKER],
    }
    for container in _containers(spec):
        kept = [one for one in container.get("env") or [] if one["name"] not in variables]
        first = [{"name": variable, "value": value} for variable, value in variables.items()]
        container["env"] = [*first, *kept]  # later variables may refer to earlier ones


def _point_at(spec: Object, head: Object) -> None:
    """Give the variables of a worker that name a port of its leader the one allotted to it, in place."""
    allotted = allotted_ports(head)
    for container in _containers(spec):
        own = {one["containerPort"] for one in container.get("ports") or []}
        for variable in container.get("env") or []:
            port = whole(variable.get("value")) or 0
            theirs = variable["name"] in _RENDEZVOUS or port not in own
            if variable["name"].endswith("_PORT") and theirs and port in allotted:
                variable["value"] = str(allotted[port])


def _containers(spec: Object) -> list[Object]:
    return [*spec["containers"], *(spec.get("initContainers") or [])]


def service(lws: Object, revision: Object) -> Object:
    """The headless Service by which all pods find each other."""
    name = lws["metadata"]["name"]
    return _service(name, name, {}, revision)


def group_service(lws: Object, revision: Object, index: int) -> Object:
    """The headless Service of one group."""
    name = lws["metadata"]["name"]
    return _service(f"{name}-{index}", name, {names.GROUP: str(index)}, revision)


def is_ours(service: Object, lws: str) -> bool:
    """Whether a Service was made for the LeaderWorkerSet of that name."""
    return bool((service["metadata"].get("labels") or {}).get(names.NAME) == lws)


def _service(name: str, lws: str, group: dict[str, str], revision: Object) -> Object:
    spec = spec_of(revision)["leaderWorkerTemplate"]
    pods = (spec.get("leaderTemplate") or spec["workerTemplate"])["spec"]
    declared = [
        (one["containerPort"], one.get("protocol") or "TCP")
        for container in pods["containers"]
        for one in container.get("ports") or []
    ]
    ports = [
        {"name": f"port-{number}-{protocol.lower()}", "port": number, "protocol": protocol}
        for number, protocol in dict.fromkeys(declared)
    ]
    return {
        "metadata": {"name": name, "labels": {names.NAME: lws}},
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": {names.NAME: lws, **group},
            "ports": ports or [FALLBACK],
        },
    }
