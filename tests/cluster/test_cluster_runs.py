"""Jobs on a real cluster, from submit to their end, good or bad."""

import json

import pytest
from field import IDLE, IMAGE, JOBS, RUNS, Field
from product import until

from arena.resources import CONFIGMAPS, DEPLOYMENTS, EVENTS, PODS, SECRETS, SERVICES

pytestmark = pytest.mark.cluster


def test_pytorchjob(ground: Field):
    """A PyTorchJob of two workers runs to SUCCEEDED, and each knows its rank and the master."""
    words = ("submit", "pytorchjob", "--name", "j", *RUNS, "--workers", "2", "--wait")
    code, out, err = ground.admin.run(*words, "echo rank $RANK of $WORLD_SIZE at $MASTER_ADDR:$MASTER_PORT")
    assert (code, out) == (0, "pytorchjob j submitted\npytorchjob j SUCCEEDED\n"), err
    job = ground.job("j")
    assert (job["status"], job["reason"]) == ("SUCCEEDED", "")
    assert [(one["name"], one["chief"]) for one in job["instances"]] == [
        ("j-master-0", True),
        ("j-worker-0", False),
    ]
    assert sorted(ground.admin.must("logs", "j").splitlines()) == [
        "[master-0] rank 0 of 2 at j-master-0:23456",
        "[worker-0] rank 1 of 2 at j-master-0:23456",
    ]


def test_tfjob(ground: Field):
    """A TFJob ends with its worker: it succeeds, and its parameter server is stopped."""
    server = f'case "$TF_CONFIG" in *\'"type": "ps"\'*) {IDLE};; esac'
    ground.submit("tfjob", "j", f'{server}; echo "$TF_CONFIG"', "--ps", "1", "--workers", "1")
    assert ground.admin.must("wait", "j", "--timeout", "60s") == "tfjob j SUCCEEDED\n"
    config = json.loads(ground.admin.must("logs", "j", "-i", "worker-0"))
    assert config["task"] == {"type": "worker", "index": 0}
    assert config["cluster"]["ps"] == [f"j-ps-0.{ground.namespace}.svc:2222"]
    until(lambda: [pod["metadata"]["name"] for pod in ground.pods("j")] == ["j-worker-0"], 60)


def test_mpijob(ground: Field):
    """An MPIJob's launcher finds its workers in the hostfile; its end is the job's."""
    worker = {"name": "mpi", "image": IMAGE, "command": ["sh", "-c", IDLE]}
    change = {"spec": {"mpiReplicaSpecs": {"Worker": {"template": {"spec": {"containers": [worker]}}}}}}
    patch = ground.admin.home / "patch.json"
    patch.write_text(json.dumps(change), encoding="utf-8")
    ground.submit(
        "mpijob", "j", "cat /etc/mpi/hostfile; ls /root/.ssh", "--workers", "2", "--patch", str(patch)
    )
    assert ground.admin.must("wait", "j", "--timeout", "90s") == "mpijob j SUCCEEDED\n"
    hosts = [f"j-worker-{index}.j.{ground.namespace}.svc slots=1" for index in range(2)]
    lines = ground.admin.must("logs", "j", "-i", "launcher").splitlines()
    assert lines == [*hosts, "authorized_keys", "id_rsa", "id_rsa.pub"]


def test_failure(ground: Field):
    """A job whose worker fails is FAILED for its exit code, and submit --wait exits with 7."""
    words = ("submit", "pytorchjob", "--name", "j", *RUNS, "--workers", "2", "--wait")
    code, _, err = ground.admin.run(*words, f'if [ "$RANK" = 0 ]; then {IDLE}; fi; exit 3')
    *_, failure, hint = err.splitlines()
    assert (code, failure) == (7, 'Error: job "j" failed: exit code 3 on worker-0; 1 instance still runs')
    assert f"arena delete j -n {ground.namespace} --still-running" in hint
    listed = ground.admin.must("list", "-o", "wide")
    assert "FAILED" in listed
    assert "exit code 3 on worker-0" in listed
    worker = next(one for one in ground.job("j")["instances"] if one["name"] == "j-worker-0")
    assert (worker["status"], worker["exitCode"]) == ("Error", 3)


def test_out_of_memory(ground: Field):
    """A program that uses more memory than its limit is FAILED, and told so."""
    ground.submit("pytorchjob", "j", "exec python3 -c 'bytes([1]) * 10**9'", "--memory", "64Mi")
    code, _, err = ground.admin.run("wait", "j", "--timeout", "60s")
    assert code == 7
    assert 'Error: job "j" failed: j-master-0 used more memory than its limit and was killed\n' in err


def test_stuck(ground: Field):
    """An image that is not there and GPUs that no node has are the reasons why jobs do not start."""
    ground.admin.must("submit", "pytorchjob", "--name", "image", "--image", "rig.invalid/none:1", "true")
    ground.submit("pytorchjob", "greedy", "true", "--gpus", "1000")

    def reasons():
        listed = json.loads(ground.admin.must("list", "-o", "json"))
        return {one["name"]: (one["status"], one["reason"]) for one in listed}

    def told():
        found = reasons()
        return found if "ImagePull" in found["image"][1] and "nodes" in found["greedy"][1] else None

    found = until(told, 60, "reasons")
    assert found["image"][1] in ("ImagePullBackOff on master-0", "ErrImagePull on master-0")
    assert found["image"][0] == "STARTING"
    assert found["greedy"][0] == "PENDING"
    assert "Insufficient nvidia.com/gpu" in found["greedy"][1]
    page = ground.admin.must("get", "image", "-e")
    assert "ImagePull" in page
    assert "rig.invalid/none:1" in page


def test_dry_run(ground: Field):
    """--dry-run=server has the cluster judge the job and stores nothing; what it refuses exits with 2."""
    shown = ground.admin.run(
        "submit", "pytorchjob", "--name", "j", *RUNS, "--dry-run=server", "-o", "name", "true"
    )
    assert (shown.code, shown.out) == (0, "pytorchjob/j\n")
    assert "accepts it; nothing was created" in shown.err
    patch = ground.admin.home / "patch.json"
    patch.write_text('{"spec": {"runPolicy": {"backoffLimit": "many"}}}', encoding="utf-8")
    refused = ground.admin.run(
        "submit", "pytorchjob", "--name", "j", *RUNS, "--dry-run=server", "--patch", str(patch), "true"
    )
    assert (refused.code, refused.out) == (2, "")
    assert "spec.runPolicy.backoffLimit" in refused.err
    assert ground.gone(JOBS["pytorchjob"], "j")


def test_replace(ground: Field):
    """A taken name is refused with 5; --replace puts the new job in the old one's place."""
    ground.submit("pytorchjob", "j", IDLE)
    ground.ready("j", 1)
    taken = ground.admin.run("submit", "pytorchjob", "--name", "j", *RUNS, "true")
    assert (taken.code, taken.err.splitlines()[-2:]) == (
        5,
        [
            f'Error: pytorchjob "j" exists in namespace "{ground.namespace}"',
            "Hint: choose another --name, delete it first, or add --replace",
        ],
    )
    out = ground.admin.must("submit", "pytorchjob", "--name", "j", *RUNS, "--replace", "--wait", "echo new")
    assert out.endswith("pytorchjob j SUCCEEDED\n")
    assert ground.admin.must("logs", "j") == "new\n"


def test_delete(ground: Field):
    """Deleting a job takes with it its pods, Services, TensorBoard, config files and secrets."""
    notes = ground.admin.home / "notes.txt"
    notes.write_text("x", encoding="utf-8")
    words = ("--secret", "KEY=value", "--config-file", f"{notes}:/etc/notes.txt", "--tensorboard")
    ground.submit("pytorchjob", "j", IDLE, *words, "--tensorboard-image", IMAGE)
    ground.ready("j", 1)

    def left():
        types = (CONFIGMAPS, DEPLOYMENTS, PODS, SECRETS, SERVICES, JOBS["pytorchjob"])
        names = [
            one["metadata"]["name"] for each in types for one in ground.kube.list(each, ground.namespace)
        ]
        return {name for name in names if name.startswith("j-") or name == "j"}

    there = left()
    assert {"j", "j-master-0", "j-tensorboard"} < there
    assert len(there) >= 5
    assert ground.admin.must("delete", "j") == "pytorchjob j deleted\n"
    until(lambda: not left(), 60, "everything gone")
    again = ground.admin.run("delete", "j")
    assert (again.code, f'Error: no job "j" in namespace "{ground.namespace}"' in again.err) == (3, True)


def test_quota_on_gpus(ground: Field):
    """A quota on GPUs keeps pods from being made; the job waits, and says why."""
    ground.quota(**{"requests.nvidia.com/gpu": "1"})
    ground.submit("pytorchjob", "j", "true", "--gpus", "2")
    until(
        lambda: "FailedCreatePod" in [one["reason"] for one in ground.kube.list(EVENTS, ground.namespace)], 30
    )
    assert "exceeded quota: limits" in ground.admin.must("get", "j", "-e")
    job = ground.job("j")
    assert (job["status"], job["instances"]) == ("PENDING", [])
    assert "exceeded quota: limits" in job["reason"]
    assert "exceeded quota: limits" in ground.admin.must("list", "-o", "wide")
    code, _, err = ground.admin.run("wait", "j", "--timeout", "3s")
    assert (code, "exceeded quota: limits" in err) == (6, True)


def test_quota_on_a_helper(ground: Field):
    """Where a quota refuses what goes with a job, the job is not made either, and the exit code is 4."""
    ground.quota(services="0")
    ended = ground.admin.run("submit", "pytorchjob", "--name", "j", *RUNS, "--tensorboard", "true")
    assert (ended.code, ended.out) == (4, "")
    assert "exceeded quota: limits" in ended.err
    assert ground.gone(JOBS["pytorchjob"], "j")
    assert ground.gone(DEPLOYMENTS, "j-tensorboard")
