"""Jobs without any operator on a real cluster: from submit to their end, good or bad."""

import pytest
from field import IDLE, RUNS, Field
from product import until

from arena.resources import PODS, Resource

pytestmark = pytest.mark.cluster

JOBS = Resource("batch", "v1", "jobs", kind="Job")


def test_a_job_from_submit_to_delete(ground: Field):
    """A plain Job is listed, shown and followed while it runs; deleting it leaves nothing."""
    line = f"echo first; {IDLE.replace('exit', 'echo last; exit')}"
    assert ground.submit("job", "j", line) == "job j submitted\n"
    until(lambda: ground.job("j")["status"] == "RUNNING", 60, "the job running")
    assert "RUNNING" in ground.admin.must("list")
    (one,) = ground.job("j")["instances"]
    assert (one["role"], one["chief"]) == ("worker", True)
    follower = ground.admin.start("logs", "j", "-f")
    assert follower.stdout is not None
    assert follower.stdout.readline() == b"first\n"
    ground.end("j")
    assert follower.stdout.read() == b"last\n"
    assert follower.wait(60) == 0
    assert ground.admin.must("wait", "j", "--timeout", "60s") == "job j SUCCEEDED\n"
    ground.admin.must("delete", "j")
    until(lambda: ground.gone(JOBS, "j") and not list(ground.kube.list(PODS, ground.namespace)), 60)


def test_a_failed_job(ground: Field):
    """A Job that fails in each of its tries is FAILED for its exit code, and submit --wait exits with 7."""
    words = ("submit", "job", "--name", "j", *RUNS, "--retry", "1", "--wait")
    code, _, err = ground.admin.run(*words, "exit 3", seconds=120)
    assert (code, err.splitlines()[-2]) == (7, 'Error: job "j" failed: exit code 3 on worker-0')
    job = ground.job("j")
    assert (job["status"], len(job["instances"])) == ("FAILED", 1)
    assert len(list(ground.kube.list(PODS, ground.namespace, "job-name=j"))) == 2


def test_housekeeping_is_not_listed(ground: Field):
    """A Job that others made for other ends is not listed, until it is one by what it asks for."""
    container = {"name": "main", "image": "rig.local/busybox:1", "command": ["true"]}
    pod = {"restartPolicy": "Never", "containers": [container]}
    ground.create(JOBS, "tidy", spec={"template": {"spec": pod}})
    container["resources"] = {"limits": {"nvidia.com/gpu": "1"}}
    ground.create(JOBS, "train", spec={"template": {"spec": pod}, "suspend": False})
    assert ground.admin.must("list", "-o", "name").split() == ["train"]


def test_workers_need_a_cluster_that_numbers_them(ground: Field):
    """Several workers run where Jobs have indexes; an older cluster says that it has none."""
    line = 'echo "rank $RANK of $WORLD_SIZE"'
    words = ("submit", "job", "--name", "j", *RUNS, "--workers", "2", "--wait", line)
    code, _, err = ground.admin.run(*words, seconds=120)
    if ground.kube.knows(JOBS._replace(field="completionMode")):
        assert code == 0
        assert "rank 1 of 2" in ground.admin.must("logs", "j")
        return
    told = "--workers 2: the cluster is too old to number the pods of a Job"
    assert (code, err.splitlines()[0]) == (6, f"Error: {told}")
    assert ground.gone(JOBS, "j")


def test_a_missing_operator_offers_it(ground: Field):
    """Where an operator is missing the error names what the cluster runs, and the kind that needs none."""
    code, _, err = ground.admin.run("submit", "sparkjob", "--name", "x", "--image", "i", "--jar", "x.jar",
                                    "--main-class", "X")  # fmt: skip
    assert code == 6
    assert "does not know SparkApplication" in err
    assert "arena submit job needs no operator" in err


def test_an_old_cluster_cannot_suspend(ground: Field):
    """Where Jobs cannot be suspended, it is said rather than lost; elsewhere the pods end and come back."""
    ground.submit("job", "j", IDLE)
    until(lambda: ground.job("j")["status"] == "RUNNING", 60, "the job running")
    code, _, err = ground.admin.run("suspend", "j")
    if ground.kube.knows(JOBS._replace(field="suspend")):
        until(lambda: ground.job("j")["status"] == "SUSPENDED", 60, "the job suspended")
        ground.admin.must("resume", "j")
        until(lambda: ground.job("j")["status"] == "RUNNING", 60, "the job running again")
        return
    assert code == 6
    assert "its Job is too old to suspend it" in err
