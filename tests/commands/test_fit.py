"""arena fit: what it says of jobs on clusters of several nodes."""

import json
from dataclasses import replace

import pytest
from screens import Fixed

from arena.cli import run
from arena.commands._globals import Globals
from arena.kube import Cluster, Endpoint
from arena.resources import CLAIMS, NODES, PODS, Resource

JOBS = Resource("batch", "v1", "jobs", kind="Job")
QUOTAS = Resource("", "v1", "resourcequotas", kind="ResourceQuota")
GPU = "nvidia.com/gpu"


@pytest.fixture
def nodes(api, stage):
    """Two nodes with GPUs, one with a taint, and a pod that holds half of one."""
    for name, gpus, taints in (("big", "8", []), ("half", "8", []), ("closed", "8", [TAINT])):
        has = {"cpu": "16", "memory": "64Gi", "pods": "110", GPU: gpus}
        status = {"capacity": has, "allocatable": has, "conditions": [{"type": "Ready", "status": "True"}]}
        meta = {"name": name, "labels": {"kubernetes.io/hostname": name}}
        stage.cluster.create(NODES, None, {"metadata": meta, "spec": {"taints": taints}})
        stage.cluster.patch(NODES, None, name, {"status": status}, subresource="status")
    container = {"name": "c", "image": "i", "resources": {"limits": {GPU: "4"}}}
    pod = {"metadata": {"name": "other"}, "spec": {"nodeName": "half", "containers": [container]}}
    stage.cluster.create(PODS, "default", pod)
    return stage.cluster


TAINT = {"key": "team", "value": "a", "effect": "NoSchedule"}
FITTING = """\
pytorchjob bert fits: 2 instances on 1 node

ROLE    COUNT  EACH REQUESTS                           NODES
master  1      4 nvidia.com/gpu                        big
worker  1      4 nvidia.com/gpu, 50m cpu, 10Mi memory  big
"""
SHORT = """\
pytorchjob bert does not fit: 1 of 2 instances would find a node

ROLE    COUNT  EACH REQUESTS                           NODES
master  1      8 nvidia.com/gpu                        big
worker  1      8 nvidia.com/gpu, 50m cpu, 10Mi memory  -

worker: 1 instance without a node: each needs 8 nvidia.com/gpu; the most that a node has left is 4 (half)
  nodes: 2 lack nvidia.com/gpu, 1 (taint team=a:NoSchedule)
would fit now: --workers 1, or --gpus 4 --workers 3
"""


def test_a_job_that_fits(nodes, arena):
    """A job that fits is said with the nodes of its roles, and the exit code is 0."""
    ended = arena("fit", "pytorchjob", "--name", "bert", "--workers", "2", "--gpus", "4")
    assert (ended.out, ended.err, ended.code) == (FITTING, "", 0)


def test_a_job_that_does_not_fit(nodes, arena):
    """A job that does not fit is said with what is missing and what would fit, and the exit code is 1."""
    ended = arena("fit", "pytorchjob", "--name", "bert", "--workers", "2", "--gpus", "8")
    assert (ended.out, ended.err, ended.code) == (SHORT, "", 1)


def test_nothing_is_created(nodes, arena, stage):
    """Asking leaves nothing behind."""
    arena("fit", "pytorchjob", "--workers", "2", "--gpus", "4", "--tensorboard", "--logdir", "/tmp/x")
    assert [one["metadata"]["name"] for one in stage.cluster.list(PODS)] == ["other"]


@pytest.mark.parametrize(
    ("words", "code", "outcome"),
    [
        (("--workers", "3", "--gpus", "4"), 0, "fits"),
        (("--workers", "4", "--gpus", "4"), 1, "short"),
        (("--workers", "4", "--gpus", "4", "--toleration", "team"), 0, "fits"),
        (("--gpus", "8", "--selector", "kubernetes.io/hostname=half"), 1, "short"),
        (("job", "--cpu", "17"), 1, "short"),
        (("tfjob", "--ps", "1", "--workers", "2", "--gpus", "4"), 0, "fits"),
        (("mpijob", "--workers", "3", "--gpus", "4"), 0, "fits"),
        (("jobset", "--workers", "3", "--gpus", "4"), 0, "fits"),
        (("jobset", "--workers", "4", "--gpus", "4"), 1, "short"),
        (("trainjob", "--workers", "4", "--gpus", "4"), 1, "short"),
        (("rayjob", "--workers", "4", "--gpus", "4"), 1, "short"),
        (("--data", "nothing:/data"), 1, "refused"),
    ],
)
def test_kinds_and_options(nodes, arena, words, code, outcome):
    """The pods of every kind are those that its operator creates, and options without a kind are of pods."""
    ended = arena("fit", *words, "-o", "json")
    found = json.loads(ended.out)
    assert (ended.code, found["outcome"], found["fits"]) == (code, outcome, code == 0)


def test_a_quota(nodes, arena, stage):
    """A quota that is too small is said, with the shape that it allows."""
    hard = {f"requests.{GPU}": "8"}
    stage.cluster.create(QUOTAS, "default", {"metadata": {"name": "gpus"}, "spec": {"hard": hard}})
    ended = arena("fit", "--workers", "2", "--gpus", "4")
    why = f'quota "gpus": the job needs 8 requests.{GPU}, and 4 of 8 are left'
    assert ended.out.startswith(f"this job cannot run: {why}\n")
    assert "would fit now: --workers 1\n" in ended.out
    assert ended.code == 1


def test_a_claim_for_one_node(nodes, arena, stage):
    """A claim that only one node can mount keeps instances from several nodes."""
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    stage.cluster.create(CLAIMS, "default", {"metadata": {"name": "data"}, "spec": spec})
    ended = arena("fit", "--workers", "2", "--data", "data:/data")
    assert ended.code == 1
    assert 'the claim "data" ' in ended.out


def test_a_user_who_may_not_list_nodes(nodes, api, tmp_path, capsys):
    """Without the right to list nodes it is unknown whether a job fits, which one line says."""
    endpoint = replace(Endpoint(server=api.url), impersonation=[("Impersonate-User", "bob")])
    session = Fixed(Cluster(lambda: endpoint, "the test's cluster"), tmp_path)
    assert run(["fit", "--workers", "2"], Globals(session=session)) == 1
    out, err = capsys.readouterr()
    assert out.startswith("this job: unknown whether it fits")
    [line] = [one for one in err.splitlines() if "room on nodes" in one]
    assert line.startswith("Warning: room on nodes is unknown: you may not read nodes, pods")


def test_very_many_instances(nodes, arena):
    """A job of very many instances is judged as soon as one of few."""
    ended = arena("fit", "tfjob", "--ps", "3000", "--workers", "90000", "--gpus", "1")
    assert (ended.code, " of 93000 instances would find a node" in ended.out) == (1, True)


def test_mistakes(arena):
    """A wrong kind and a wrong value are one sentence, and the exit code is 2."""
    typo = arena("fit", "pytorchjb", "--workers", "2")
    assert (typo.code, "did you mean pytorchjob?" in typo.err) == (2, True)
    assert arena("fit", "--workers", "none").code == 2
    assert arena("fit", "pytorchjob", "--gpus", "-1").code == 2


def test_a_checked_submit(nodes, arena, stage):
    """With --check, a job that does not fit is not created, and the error says why and what would fit."""
    ended = arena(
        "submit", "job", "--name", "a", "--image", "i", "--workers", "2", "--gpus", "8", "--check", "true"
    )
    assert ended.code == 1
    assert ended.err.startswith(
        "Error: not submitted: job a does not fit: 1 of 2 instances would find a node; "
    )
    assert "Hint: would fit now: --workers 1, or --gpus 4 --workers 3; or omit --check" in ended.err
    assert list(stage.cluster.list(JOBS)) == []
    ended = arena(
        "submit", "job", "--name", "a", "--image", "i", "--workers", "3", "--gpus", "4", "--check", "true"
    )
    assert (ended.code, ended.out) == (0, "job a submitted\n")
    assert "job a fits: 3 instances on 2 nodes" in ended.err
    assert [one["metadata"]["name"] for one in stage.cluster.list(JOBS)] == ["a"]


def test_a_check_of_a_dry_run(arena):
    """A dry run asks no cluster, so it cannot check."""
    assert arena("submit", "job", "--dry-run", "--check", "true").code == 2


@pytest.mark.parametrize(
    ("words", "roles"),
    [
        (("pytorchjob", "--workers", "3"), {"master": 1, "worker": 2}),
        (("pytorchjob", "--workers", "1"), {"master": 1}),
        (("tfjob", "--ps", "2", "--workers", "3", "--chief"), {"chief": 1, "ps": 2, "worker": 3}),
        (("mpijob", "--workers", "2"), {"launcher": 1, "worker": 2}),
        (("etjob", "--workers", "2"), {"launcher": 1, "worker": 2}),
        (("job", "--workers", "3", "--tensorboard", "--logdir", "/tmp/x"), {"worker": 3, "tensorboard": 1}),
        (("jobset", "--workers", "3"), {"worker": 3}),
        (("trainjob", "--workers", "3"), {"node": 3}),
        (("rayjob", "--workers", "2"), {"head": 1, "default-group": 2, "submitter": 1}),
        (("pods", "--workers", "3"), {"worker": 3}),
    ],
)
def test_roles(nodes, arena, words, roles):
    """The instances that are placed are those that the operator of each kind creates."""
    found = json.loads(arena("fit", *words, "-o", "json").out)
    assert {one["name"]: one["count"] for one in found["roles"]} == roles
