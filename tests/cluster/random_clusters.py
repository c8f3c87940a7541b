"""Random nodes, pods, volumes and jobs as objects of the API; the same seed makes the same ones."""

import random
from dataclasses import dataclass, field
from typing import Any

Object = dict[str, Any]
GPU = "nvidia.com/gpu"
CASE = "arena-fit/case"
"""The label of the nodes of one case."""
PRIORITIES = {"arena-fit-low": -10, "arena-fit-high": 100}
CLASSES = {"arena-fit-now": "Immediate", "arena-fit-wait": "WaitForFirstConsumer"}
"""Storage classes without a provisioner, and when they bind."""
IMAGE = "example.com/none:1"
HOSTNAME, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"


@dataclass
class Case:
    """A cluster and a job, of which nothing is known but that the API accepts them."""

    seed: int
    nodes: list[Object] = field(default_factory=list)
    running: list[Object] = field(default_factory=list)
    volumes: list[Object] = field(default_factory=list)
    claims: list[Object] = field(default_factory=list)
    limits: list[Object] = field(default_factory=list)
    """LimitRanges."""
    quotas: list[Object] = field(default_factory=list)
    roles: list[tuple[str, Object, int]] = field(default_factory=list)
    """Name, pod without a name, and count."""

    @property
    def mark(self) -> str:
        """What tells its nodes and volumes from those of others."""
        return f"c{self.seed}"


def case(seed: int, namespace: str, *, alone: bool = False) -> Case:
    """A random case whose pods are in that namespace.

    Args:
        alone: whether there are no nodes of other cases, which pods would have to avoid by a selector.
    """
    made, chance = Case(seed), random.Random(seed)
    zones = chance.randint(1, 3)
    for number in range(chance.randint(2, 9)):
        made.nodes.append(_node(made, chance, number, zones))
    for node in made.nodes:
        for number in range(chance.choice((0, 0, 0, 1, 1, 2, 3))):
            made.running.append(_running(made, chance, node, number, namespace))
    workers, kinds = chance.choice((1, 1, 2, 2, 2, 3, 4, 6)), chance.choice((1, 1, 1, 2))
    for name, count in (("worker", workers), ("launcher", 1))[:kinds]:
        made.roles.append((name, _template(made, chance, name, namespace), count))
    if chance.random() < 0.2:
        _storage(made, chance, namespace)
    if chance.random() < 0.15:
        made.limits.append(_limits(made, chance))
    if chance.random() < 0.15:
        made.quotas.append(_quota(made, chance))
    if alone:
        for _, template, _ in made.roles:
            del template["spec"]["nodeSelector"][CASE]
    return made


def _limits(made: Case, chance: random.Random) -> Object:
    limit = chance.choice((
        {"default": {"cpu": "2"}, "defaultRequest": {"cpu": "1", "memory": "512Mi"}},
        {"defaultRequest": {"cpu": "500m"}, "max": {"cpu": "2500m"}, "default": {"cpu": "2"}},
        {"min": {"memory": "512Mi"}},
        {"max": {GPU: "2"}},
    ))  # fmt: skip
    spec = {"limits": [{"type": "Container", **limit}]}
    return {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": f"{made.mark}-l"}, "spec": spec}


def _quota(made: Case, chance: random.Random) -> Object:
    hard = chance.choice((
        {"pods": str(len(made.running) + 3)},
        {"requests.cpu": "12"},
        {"memory": "20Gi"},
        {f"requests.{GPU}": "8"},
        {"limits.cpu": "8"},
    ))  # fmt: skip
    spec: Object = {"hard": {"count/pods": "1000", **hard}}
    if chance.random() < 0.3:
        spec["scopes"] = [chance.choice(("BestEffort", "NotBestEffort", "NotTerminating"))]
        if spec["scopes"] == ["BestEffort"]:
            spec["hard"] = {"pods": "2"}
        else:
            del spec["hard"]["count/pods"]
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": f"{made.mark}-q"}, "spec": spec}


def _node(made: Case, chance: random.Random, number: int, zones: int) -> Object:
    name = f"{made.mark}-n{number}"
    labels = {CASE: made.mark, HOSTNAME: name, "pool": chance.choice("ab")}
    if chance.random() < 0.9:
        labels[ZONE] = f"{made.mark}-z{chance.randrange(zones)}"
    if chance.random() < 0.3:
        labels["generation"] = str(chance.randint(1, 9))
    has = {
        "cpu": chance.choice(("2", "4", "8", "7800m")),
        "memory": chance.choice(("4Gi", "8Gi", "16Gi", "16000Mi")),
        "pods": chance.choice(("110", "110", "110", "2", "4")),
        "ephemeral-storage": "20Gi",
    }
    if chance.random() < 0.8:
        has[GPU] = chance.choice(("1", "2", "4", "8"))
    taints = [{"key": "team", "value": chance.choice("ab"), "effect": "NoSchedule"}] * (
        chance.random() < 0.15
    )
    taints += [{"key": "slow", "effect": "PreferNoSchedule"}] * (chance.random() < 0.1)
    taints += [{"key": "gpu", "value": "yes", "effect": "NoExecute"}] * (chance.random() < 0.1)
    return {
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {"taints": taints, "unschedulable": chance.random() < 0.08},
        "status": {
            "capacity": has, "allocatable": has,
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady",
                            "lastHeartbeatTime": "2030-01-01T00:00:00Z"}],
        },
    }  # fmt: skip


def _resources(chance: random.Random, *, small: bool) -> Object:
    wants: Object = {}
    if chance.random() < 0.8:
        wants["cpu"] = chance.choice(("250m", "500m", "1") if small else ("500m", "1", "1", "2", "3"))
    if chance.random() < 0.7:
        wants["memory"] = chance.choice(
            ("256Mi", "1Gi") if small else ("512Mi", "1Gi", "1Gi", "2Gi", "4000M")
        )
    if chance.random() < 0.1:
        wants["ephemeral-storage"] = "4Gi"
    limits = {GPU: str(chance.choice((1, 1, 1, 2, 4)))} if chance.random() < (0.25 if small else 0.6) else {}
    return {"requests": wants, "limits": limits}


def _running(made: Case, chance: random.Random, node: Object, number: int, namespace: str) -> Object:
    app = chance.choice(("web", "worker", "cache"))
    spec: Object = {
        "nodeName": node["metadata"]["name"], "terminationGracePeriodSeconds": 0,
        "tolerations": [{"operator": "Exists"}],
        "containers": [{"name": "main", "image": IMAGE, "resources": _resources(chance, small=True)}],
    }  # fmt: skip
    if chance.random() < 0.4:
        spec["priorityClassName"] = chance.choice(list(PRIORITIES))
    if chance.random() < 0.1:
        spec["containers"][0]["ports"] = [{"containerPort": 7000, "hostPort": 7000}]
    if chance.random() < 0.08:
        key = chance.choice((HOSTNAME, ZONE))
        spec["affinity"] = {"podAntiAffinity": _required([_term(key, chance.choice(("worker", "launcher")))])}
    name = f"{node['metadata']['name']}-r{number}"
    return _pod(name, namespace, {"app": app}, spec)


def _pod(name: str, namespace: str, labels: Object, spec: Object) -> Object:
    meta = {"name": name, "namespace": namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


def _required(terms: object) -> Object:
    return {"requiredDuringSchedulingIgnoredDuringExecution": terms}


def _term(key: str, app: str) -> Object:
    return {"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}}


def _template(made: Case, chance: random.Random, role: str, namespace: str) -> Object:
    small = role == "launcher"
    container: Object = {"name": "main", "image": IMAGE, "resources": _resources(chance, small=small)}
    spec: Object = {
        "terminationGracePeriodSeconds": 0,
        "nodeSelector": {CASE: made.mark},
        "containers": [container],
    }
    if chance.random() < 0.15:
        first = {"name": "init", "image": IMAGE, "resources": _resources(chance, small=False)}
        spec["initContainers"] = [first]
    if chance.random() < 0.15:
        container["ports"] = [{"containerPort": 7000, "hostPort": 7000}]
    if chance.random() < 0.2:
        spec["nodeSelector"]["pool"] = chance.choice("ab")
    if chance.random() < 0.4:
        spec["tolerations"] = chance.choice((
            [{"key": "team", "operator": "Equal", "value": "a", "effect": "NoSchedule"}],
            [{"key": "team", "operator": "Exists"}, {"key": "gpu", "value": "yes"}],
            [{"operator": "Exists"}],
            [{"key": "node.kubernetes.io/unschedulable", "operator": "Exists", "effect": "NoSchedule"}],
        ))  # fmt: skip
    if chance.random() < 0.25:
        spec["priorityClassName"] = chance.choice(list(PRIORITIES))
    affinity = _affinity(chance, role)
    if affinity:
        spec["affinity"] = affinity
    if chance.random() < 0.2:
        spec["topologySpreadConstraints"] = [
            {"topologyKey": key, "maxSkew": chance.choice((1, 1, 2)), "whenUnsatisfiable": "DoNotSchedule",
             "labelSelector": {"matchLabels": {"app": role}}}
            for key in chance.choice(((ZONE,), (HOSTNAME,), (ZONE, HOSTNAME)))
        ]  # fmt: skip
    return _pod("", namespace, {"app": role, "job": made.mark}, spec)


def _affinity(chance: random.Random, role: str) -> Object:
    found: Object = {}
    if chance.random() < 0.2:
        expressions = chance.choice((
            [{"key": "pool", "operator": "In", "values": ["a", "b"]}],
            [{"key": "pool", "operator": "NotIn", "values": ["a"]}],
            [{"key": ZONE, "operator": "Exists"}],
            [{"key": "generation", "operator": "Gt", "values": ["4"]}],
            [{"key": "generation", "operator": "DoesNotExist"}],
        ))  # fmt: skip
        found["nodeAffinity"] = _required({"nodeSelectorTerms": [{"matchExpressions": expressions}]})
    if chance.random() < 0.12:
        found["podAntiAffinity"] = _required(
            [_term(chance.choice((HOSTNAME, ZONE)), chance.choice((role, "web")))]
        )
    if chance.random() < 0.12:
        found["podAffinity"] = _required(
            [_term(chance.choice((HOSTNAME, ZONE)), chance.choice((role, "web")))]
        )
    return found


def _storage(made: Case, chance: random.Random, namespace: str) -> None:
    """A claim that all workers mount, and volumes that may serve it."""
    kind = chance.choice(list(CLASSES))
    name = f"{made.mark}-data"
    for number in range(chance.choice((0, 1, 1, 2))):
        near = chance.choice(made.nodes)["metadata"]["labels"]
        key = chance.choice([one for one in (HOSTNAME, ZONE) if one in near])
        terms = [{"matchExpressions": [{"key": key, "operator": "In", "values": [near[key]]}]}]
        made.volumes.append({
            "apiVersion": "v1", "kind": "PersistentVolume",
            "metadata": {"name": f"{made.mark}-v{number}", "labels": {"case": made.mark}},
            "spec": {
                "capacity": {"storage": chance.choice(("5Gi", "20Gi"))}, "accessModes": ["ReadWriteMany"],
                "storageClassName": kind, "persistentVolumeReclaimPolicy": "Retain",
                "local": {"path": "/data"}, "nodeAffinity": {"required": {"nodeSelectorTerms": terms}},
            },
        })  # fmt: skip
    made.claims.append({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "accessModes": ["ReadWriteMany"], "storageClassName": kind,
            "resources": {"requests": {"storage": "10Gi"}},
            # Volumes of other cases are none for this one.
            "selector": {"matchLabels": {"case": made.mark}},
        },
    })  # fmt: skip
    mounted = [{"name": "data", "persistentVolumeClaim": {"claimName": name}}]
    made.roles[0][1]["spec"]["volumes"] = mounted
