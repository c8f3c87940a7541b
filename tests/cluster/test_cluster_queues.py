"""Jobs that wait in the queues of Kueue and Volcano, whose parts the test plays."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from definitions import defined
from field import IDLE, JOBS, Field
from product import until

from arena.actions.diagnosis.explainers.kueue import WORKLOADS
from arena.actions.submit.queues import QUEUES
from arena.kube import Cluster
from arena.resources import LOCAL_QUEUES, POD_GROUPS, Resource

pytestmark = pytest.mark.cluster

Object = dict[str, Any]
SHORT = "couldn't assign flavors to pod set main: insufficient unused quota for nvidia.com/gpu in flavor h100"
GANG = "2/2 tasks in gang unschedulable: pod group is not ready, 2 minAvailable"


@pytest.fixture(scope="module")
def queues(kube: Cluster, config: Path) -> Iterator[None]:
    """The definitions of both, for these tests alone: their being served changes what a gang is."""
    with defined(kube, config, WORKLOADS, LOCAL_QUEUES, POD_GROUPS, QUEUES):
        yield


def put(ground: Field, resource: Resource, name: str, status: Object, **body: Any) -> None:
    """Create an object as a controller would, status and all."""
    typed = {"apiVersion": resource.api_version, "kind": resource.kind}
    meta = {"name": name, **body.pop("metadata", {})}
    namespace = ground.namespace if resource.namespaced else None
    ground.kube.create(resource, namespace, {**typed, "metadata": meta, **body})
    # The status of a PodGroup is a field like others.
    apart = "" if resource is POD_GROUPS else "status"
    ground.kube.patch(resource, namespace, name, {"status": status}, subresource=apart)


def workload(ground: Field, job: str, message: str, priority: int = 0) -> None:
    """What Kueue makes for a job that it holds back."""
    uid = ground.job(job)["uuid"]
    pods = {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Never"}
    waits = {
        "type": "QuotaReserved",
        "status": "False",
        "reason": "Pending",
        "message": message,
        "lastTransitionTime": "2030-01-01T00:00:00Z",
    }
    put(
        ground, WORKLOADS, f"pytorchjob-{job}-1a2b3", {"conditions": [waits]},
        metadata={"labels": {"kueue.x-k8s.io/job-uid": uid}},
        spec={
            "queueName": "team-a",
            "priority": priority,
            "podSets": [{"name": "main", "count": 1, "template": {"spec": pods}}],
        },
    )  # fmt: skip


def row(ground: Field, name: str) -> str:
    """The job's line in `arena list -o wide`."""
    lines = ground.admin.must("list", "-o", "wide").splitlines()
    return next(line for line in lines if line.split()[0] == name)


def held(ground: Field, name: str, *words: str) -> str:
    """Submit a job that is suspended as it is made, as Kueue's webhook does; what was said on stderr."""
    file = ground.admin.home / "suspended.yaml"
    file.write_text("spec: {runPolicy: {suspend: true}}\n", encoding="utf-8")
    ended = ground.admin.run(
        "submit", "pytorchjob", "--name", name, "--image", "i", "--queue-name", "team-a",
        "--patch", str(file), *words, IDLE,
    )  # fmt: skip
    assert ended.code == 0, ended.err
    return ended.err


def test_waiting_in_kueue(ground: Field, queues: None):
    """A job that Kueue holds shows its place, of how many, and the reason; once let in it is as any other."""
    assert "has no such queue (it has none); the job waits until it has" in held(ground, "early")
    assert "the namespace has no such queue" in row(ground, "early")
    ground.admin.must("delete", "early")
    usage = [{"name": "h100", "resources": [{"name": "nvidia.com/gpu", "total": "8"}]}]
    status = {"pendingWorkloads": 2, "flavorsUsage": usage}
    put(ground, LOCAL_QUEUES, "team-a", status, spec={"clusterQueue": "cq"})
    assert "Warning" not in held(ground, "first")
    assert "Kueue has not looked at it yet" in row(ground, "first")
    held(ground, "second")
    workload(ground, "first", SHORT)
    workload(ground, "second", SHORT, priority=10)
    assert f"waits in queue team-a, position 2 of 2: {SHORT}" in row(ground, "first")
    assert f"waits in queue team-a, position 1 of 2: {SHORT}" in row(ground, "second")
    page = ground.admin.must("get", "first")
    assert [line.split() for line in page.splitlines() if line.startswith("Queue")] == [
        ["Queue:", "team-a,", "position", "2", "of", "2"],
        ["QueueUsage:", "nvidia.com/gpu", "8", "(h100)"],
    ]
    assert ground.job("first")["queue"]["position"] == 2
    assert ground.job("first")["status"] == "QUEUING"
    let_in = {"spec": {"runPolicy": {"suspend": False}}}
    ground.kube.patch(JOBS["pytorchjob"], ground.namespace, "first", let_in)
    until(lambda: "waits in queue" not in row(ground, "first"), 30, "the job let in")
    assert ground.job("first")["queue"] == {
        "name": "team-a", "system": "kueue", "position": 0, "waiting": 0, "usage": []
    }  # fmt: skip


def test_kueue_that_leaves_a_kind_alone(ground: Field, queues: None):
    """If Kueue did not suspend the job at its creation, a warning says what has to be enabled."""
    put(ground, LOCAL_QUEUES, "team-a", {}, spec={"clusterQueue": "cq"})
    ended = ground.admin.run(
        "submit", "pytorchjob", "--name", "j", "--image", "i", "--queue-name", "team-a", IDLE
    )
    assert ended.code == 0
    assert (
        "Kueue does not manage PyTorchJob on this cluster, so the job does not wait in its queue" in ended.err
    )
    assert "add kubeflow.org/pytorchjob to Kueue's integrations" in ended.err


def test_who_may_not_read_queues(ground: Field, queues: None):
    """A user without rights on Kueue's objects still sees that the job waits, and in which queue."""
    put(ground, LOCAL_QUEUES, "team-a", {}, spec={"clusterQueue": "cq"})
    held(ground, "j")
    ground.grant("nobody")
    [job] = json.loads(ground.person("nobody").must("list", "-T", "pytorchjob", "-o", "json"))
    assert (job["status"], job["reason"]) == ("QUEUING", "waits in queue team-a")


def test_waiting_in_volcano(ground: Field, queues: None):
    """A gang in a queue of Volcano is asked of Volcano, and its PodGroup tells why the job waits."""
    ended = ground.admin.run(
        "submit", "pytorchjob", "--name", "j", "--image", "i", "--workers", "2", "--gang",
        "--queue-name", "gold", "--queue-system", "volcano", IDLE,
    )  # fmt: skip
    assert ended.code == 0
    assert '--queue-name "gold"' in ended.err
    assert "has no such queue; the job waits until it has" in ended.err
    job = ground.kube.get(JOBS["pytorchjob"], ground.namespace, "j")
    assert job["spec"]["runPolicy"]["schedulingPolicy"] == {"minAvailable": 2, "queue": "gold"}
    until(lambda: len(ground.pods("j")) == 2, 30, "pods")
    assert {pod["spec"]["schedulerName"] for pod in ground.pods("j")} == {"volcano"}
    owner = {
        "apiVersion": "kubeflow.org/v1",
        "kind": "PyTorchJob",
        "name": "j",
        "uid": job["metadata"]["uid"],
    }
    shy = {"type": "Unschedulable", "status": "True", "reason": "NotEnoughResources", "message": GANG}
    put(
        ground, POD_GROUPS, "j", {"phase": "Pending", "conditions": [shy]},
        metadata={"ownerReferences": [owner]}, spec={"queue": "gold", "minMember": 2},
    )  # fmt: skip
    assert f"waits in queue gold: {GANG}" in row(ground, "j")
    assert ground.job("j")["status"] == "QUEUING"
    ground.kube.patch(POD_GROUPS, ground.namespace, "j", {"status": {"phase": "Inqueue"}})
    assert ground.job("j")["status"] == "PENDING"
    assert ground.job("j")["reason"] == GANG


def test_held_back_in_kueue(ground: Field, queues: None):
    """Suspending a job of Kueue's holds it back in its queue; resumed it takes part again."""
    held(ground, "j")
    workload(ground, "j", SHORT)

    def active() -> object:
        [found] = ground.kube.list(WORKLOADS, ground.namespace)
        return found["spec"].get("active")

    assert ground.admin.must("suspend", "j") == "pytorchjob j suspended\n"
    assert active() is False
    assert "is already suspended" in ground.admin.run("suspend", "j").err
    assert ground.admin.must("resume", "j") == "pytorchjob j resumed\n"
    assert active() is True
    early = ground.admin.run("resume", "j")
    assert (early.code, "waits in queue team-a" in early.err) == (5, True)
