"""`arena doctor` on clusters in different states."""

import json
from typing import Any

from arena.actions.doctor import examine
from arena.local.api.fault_injection import Fault
from arena.resources import CLAIMS, DEPLOYMENTS, NODES


def found(arena, *words: str) -> dict[str, dict[str, Any]]:
    """What each check found, by its id."""
    return {one["id"]: one for one in json.loads(arena("doctor", "-o", "json", *words).out)}


def deployment(name: str, available: int, image: str = "docker.io/kubeflow/training-operator:v1.9.3") -> dict:
    """A Deployment with that number of available replicas."""
    pod = {"containers": [{"name": "manager", "image": image}]}
    body = {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"a": "b"}},
                 "template": {"metadata": {"labels": {"a": "b"}}, "spec": pod}},
    }  # fmt: skip
    return {**body, "status": {"availableReplicas": available, "replicas": available}}


def node(name: str, ready: bool = True, labels: dict | None = None, **resources: str) -> dict:
    """A node with these resources."""
    amounts = {"cpu": "8", "memory": "32Gi", "pods": "110", **resources}
    return {
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels or {}},
        "status": {"capacity": amounts, "allocatable": amounts,
                   "conditions": [{"type": "Ready", "status": "True" if ready else "False"}]},
    }  # fmt: skip


def create(stage, resource, namespace, body) -> None:
    """Create an object with its status."""
    stage.cluster.create(resource, namespace, body)
    if "status" in body:
        stage.cluster.patch(
            resource, namespace, body["metadata"]["name"], {"status": body["status"]}, subresource="status"
        )


def test_operators(arena, stage):
    """An operator runs, does not run, or was not found; kinds without any are named."""
    absent = found(arena)["operators.training-operator"]
    assert (absent["state"], "was found" in absent["message"]) == ("warning", True)
    create(stage, DEPLOYMENTS, "default", deployment("training-operator", 0))
    broken = arena("doctor")
    assert broken.code == 1
    assert (
        "FAIL  training-operator does not run: no replica of Deployment training-operator is available\n"
        "      -> kubectl -n default describe deployment training-operator\n"
    ) in broken.out
    status = {"status": deployment("", 1)["status"]}
    stage.cluster.patch(DEPLOYMENTS, "default", "training-operator", status, subresource="status")
    runs = found(arena)["operators.training-operator"]
    assert runs["state"] == "ok"
    assert runs["message"].startswith("training-operator v1.9.3 runs; it serves pytorchjobs.kubeflow.org/v1")


def test_nodes_and_accelerators(arena, stage):
    """A node that takes no pods, one whose accelerators are not offered, and one that has unhealthy ones."""
    for one in list(stage.cluster.list(NODES)):
        stage.cluster.delete(NODES, None, one["metadata"]["name"])
    assert found(arena)["nodes"]["state"] == "failure"
    gpu = {"nvidia.com/gpu": "8"}
    create(stage, NODES, None, node("good", **gpu))
    create(stage, NODES, None, node("away", ready=False, **gpu))
    create(stage, NODES, None, node("bare", labels={"nvidia.com/gpu.present": "true"}))
    sick = node("sick", **gpu)
    sick["status"]["allocatable"] = {**sick["status"]["allocatable"], "nvidia.com/gpu": "7"}
    create(stage, NODES, None, sick)
    told = found(arena)
    assert (told["nodes"]["state"], told["nodes"]["message"]) == (
        "warning",
        "1 of 4 nodes takes no pods: away",
    )
    assert told["accelerators.plugin"]["message"].startswith("node bare has accelerators by its labels")
    assert told["accelerators.health"]["message"] == "accelerators are unhealthy on 1 node: sick"
    assert told["accelerators"]["message"] == "the nodes offer 23 nvidia.com/gpu"


def test_claims(arena, stage):
    """A claim that stays unbound is named with the command that tells why."""
    body = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
            "spec": {"accessModes": ["ReadWriteMany"], "storageClassName": "gone",
                     "resources": {"requests": {"storage": "1Gi"}}},
            "status": {"phase": "Pending"}}  # fmt: skip
    create(stage, CLAIMS, "default", body)
    claim = found(arena)["storage.data"]
    assert claim["remedy"] == "kubectl -n default describe persistentvolumeclaim data"


def test_a_part_that_may_not_be_read(arena, api):
    """It is said in one line, and takes nothing from the other checks."""
    message = 'nodes is forbidden: User "bob" cannot list resource "nodes"'
    api.faults.append(Fault(path="/nodes", code=403, message=message, times=99))
    told = found(arena)
    assert (told["nodes"]["state"], told["accelerators"]["state"]) == ("unknown", "unknown")
    assert told["nodes"]["message"].startswith("nodes: not all could be checked, as you may not list nodes")
    assert told["permissions"]["state"] == "ok"


def test_a_cluster_that_is_away(arena, api):
    """Nothing else is checked, and the exit code is 1."""
    api.faults.append(Fault(path="/version", code=500, message="no", times=99))
    ended = arena("doctor")
    assert ended.code == 1
    assert ended.out.startswith("FAIL  ")
    assert ended.out.count("\n") <= 2


def test_a_check_that_takes_too_long(arena, api, monkeypatch):
    """It is given up; the others are shown."""
    monkeypatch.setattr(examine, "LIMIT", 0.3)
    api.faults.append(Fault(path="/nodes", delay=2.0, times=9))
    told = found(arena)
    assert told["nodes"]["message"] == "nodes: no answer within 0 s"
    assert told["permissions"]["state"] == "ok"
