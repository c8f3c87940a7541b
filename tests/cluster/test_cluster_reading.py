"""What list, get and top show of the jobs of a real cluster, whoever created them."""

import json
import threading

import pytest
from field import IDLE, IMAGE, JOBS, Field
from product import until

from arena.resources import NODES

pytestmark = pytest.mark.cluster


def test_a_running_job(ground: Field):
    """A running job's GPUs, node and events are in list, get, top job and top node."""
    ground.submit("pytorchjob", "j", IDLE, "--workers", "2", "--gpus", "1")
    ground.ready("j", 2)
    until(lambda: ground.job("j")["status"] == "RUNNING", 30)
    job = ground.job("j")
    assert (job["requestGPUs"], job["allocatedGPUs"], job["managed"]) == (2, 2, True)
    node = job["instances"][0]["node"]
    assert node in [one["metadata"]["name"] for one in ground.kube.list(NODES)]
    head, row = ground.admin.must("list", "-o", "wide").splitlines()
    assert head.split()[:4] == ["NAME", "STATUS", "TRAINER", "DURATION"]
    assert row.split()[:3] == ["j", "RUNNING", "PYTORCHJOB"]
    assert row.split()[4:6] == ["2", "2"]
    assert "2/2" in row
    assert [ground.namespace, "j", "RUNNING"] in [
        line.split()[:3] for line in ground.admin.must("list", "-A").splitlines()
    ]
    page = ground.admin.must("get", "j", "-e")
    for word in ("Allocated/Requested GPUs of Job: 2/2", "[Scheduled]", "[SuccessfulCreatePod]", "[Started]"):
        assert word in page
    assert "Total Allocated/Requested GPUs of Training Jobs: 2/2" in ground.admin.must("top", "job")
    assert "Allocated/Requested GPUs of Job: 2/2" in ground.admin.must("top", "job", "j")
    there = {one["name"]: one for one in json.loads(ground.admin.must("top", "node", "-o", "json"))}
    assert there[node]["allocatedGPUs"] >= 2
    assert there[node]["totalGPUs"] >= there[node]["allocatedGPUs"]
    assert "j-worker-0" in ground.admin.must("top", "node", node, "-d")


def test_watching(ground: Field):
    """list -w shows a job's way from its submit to its end, and that it was deleted."""
    child = ground.admin.start("list", "-w")
    lines: list[str] = []
    reader = threading.Thread(target=lambda: [lines.append(line.decode()) for line in child.stdout])
    reader.start()
    ground.submit("pytorchjob", "j", "sleep 2")
    until(lambda: "SUCCEEDED" in "".join(lines), 60, "the end of the job")
    ground.admin.must("delete", "j")
    until(lambda: lines[-1].startswith("NAME"), 20, "the job gone from the list")
    child.terminate()
    child.wait(20)
    reader.join()
    seen = list(dict.fromkeys(line.split()[1] for line in lines if not line.startswith("NAME")))
    way = ["PENDING", "STARTING", "RUNNING", "SUCCEEDED"]
    assert seen == [phase for phase in way if phase in seen]
    assert seen[-2:] == way[-2:]


def test_jobs_of_others(ground: Field):
    """A job that was made without arena is listed, read, followed and deleted like one of its own."""
    container = {"name": "tensorflow", "image": IMAGE, "command": ["sh", "-c", "echo theirs"]}
    worker = {"replicas": 1, "restartPolicy": "Never", "template": {"spec": {"containers": [container]}}}
    ground.create(JOBS["tfjob"], "theirs", spec={"tfReplicaSpecs": {"Worker": worker}})
    assert ground.admin.must("logs", "theirs", "-f") == "theirs\n"
    job = ground.job("theirs")
    assert (job["status"], job["trainer"], job["managed"], job["submitter"]) == (
        "SUCCEEDED",
        "tfjob",
        False,
        "",
    )
    assert ground.admin.must("list", "-o", "name") == "theirs\n"
    assert ground.admin.must("delete", "theirs") == "tfjob theirs deleted\n"
    assert ground.gone(JOBS["tfjob"], "theirs")
