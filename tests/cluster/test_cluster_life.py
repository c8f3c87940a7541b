"""What happens to a job after its submit, on a real cluster."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from definitions import defined
from field import IDLE, IMAGE, JOBS, RUNS, Field
from product import until

from arena.kinds.training import volcanojob
from arena.kube import Cluster

pytestmark = pytest.mark.cluster


@pytest.mark.parametrize(
    ("kind", "words", "pods"), [("pytorchjob", ("--workers", "2"), 2), ("tfjob", ("--workers", "2"), 2)]
)
def test_suspended_and_resumed(ground: Field, kind: str, words: tuple[str, ...], pods: int):
    """A suspended job has no pods; when resumed, it starts again and succeeds."""
    ground.submit(kind, "j", IDLE, *words)
    ground.ready("j", pods)
    assert ground.admin.must("suspend", "j") == f"{kind} j suspended\n"
    until(lambda: not ground.pods("j"), 90, "the end of the pods")
    assert ground.admin.must("wait", "j", "--for", "phase=SUSPENDED", "--timeout", "30s").endswith(
        "SUSPENDED\n"
    )
    assert ground.admin.must("resume", "j") == f"{kind} j resumed\n"
    ground.ready("j", pods)
    ground.end("j")
    assert ground.admin.must("wait", "j", "--timeout", "90s", seconds=100) == f"{kind} j SUCCEEDED\n"


def test_scaled(ground: Field):
    """An elastic job gains a pod and loses it again, and refuses more than its policy allows."""
    ground.submit("pytorchjob", "j", IDLE, "--workers", "1", "--max-workers", "2")
    ground.ready("j", 1)
    ground.admin.must("scale", "j", "--workers", "2")
    ground.ready("j", 2)
    assert ground.admin.run("scale", "j", "--workers", "3").code == 2
    ground.admin.must("scale", "j", "--workers", "1")
    until(lambda: [pod["metadata"]["name"] for pod in ground.pods("j")] == ["j-worker-0"], 90, "one pod")


def test_adopted_compared_and_pruned(ground: Field):
    """A job made past arena is compared, left by prune, adopted with its spec untouched, and then pruned."""
    pod = {"spec": {"containers": [{"name": "pytorch", "image": IMAGE, "command": ["true"]}]}}
    spec = {"pytorchReplicaSpecs": {"Master": {"replicas": 1, "template": pod}}}
    kind = JOBS["pytorchjob"]
    ground.create(kind, "theirs", spec=spec)
    ground.submit("pytorchjob", "ours", "true")
    ended = ground.admin.run("diff", "theirs", "ours")
    assert ended.code == 1
    assert "spec.pytorchReplicaSpecs.Master.template.spec.containers[0].command" in ended.out
    ground.finished("pytorchjob", "theirs")
    before = ground.kube.get(kind, ground.namespace, "theirs")["spec"]
    assert "skipped jobs" in ground.admin.run("prune", "--since", "0s", "-l", "!app", "-y").err
    assert ground.admin.must("adopt", "theirs") == "pytorchjob theirs adopted\n"
    assert ground.kube.get(kind, ground.namespace, "theirs")["spec"] == before
    assert (
        ground.admin.must("prune", "--since", "0s", "-y", "-l", "release=theirs")
        == "pytorchjob theirs deleted\n"
    )
    ground.admin.must("wait", "theirs", "--for", "deleted", "--timeout", "60s")
    assert ground.gone(kind, "theirs")


def test_run_once_more(ground: Field):
    """A rerun differs by what --set says, and its command line gives the job that there was."""
    ground.submit("pytorchjob", "j", "echo $WORD", "-e", "WORD=one", "--wait")
    words = ("rerun", "j", "--name", "again", "--set", "env=WORD=two", "--wait")
    assert ground.admin.must(*words, seconds=100).endswith("pytorchjob again SUCCEEDED\n")
    assert ground.admin.must("logs", "again") == "two\n"
    assert ground.admin.run("diff", "j", "again").out == "OPTION    j    again\nenv.WORD  one  two\n"
    line = ground.admin.must("get", "again", "-o", "command")
    flags = " ".join(RUNS)
    assert line.startswith(f"arena submit pytorchjob -n {ground.namespace} --name again ")
    assert "--env WORD=two" in line
    assert flags.split()[1] in line


def test_waited_for(ground: Field):
    """wait tells when a job runs, and when it is gone; the time that it may take is kept."""
    ground.submit("pytorchjob", "j", IDLE)
    assert ground.admin.must("wait", "j", "--for", "phase=RUNNING", "--timeout", "60s").endswith("RUNNING\n")
    ended = ground.admin.run("wait", "j", "--timeout", "1s")
    assert (ended.code, f"arena get j -n {ground.namespace} -e" in ended.err) == (6, True)
    waits = ground.admin.start("wait", "j", "--for", "deleted", "--timeout", "90s")
    assert waits.stderr
    assert b"RUNNING" in waits.stderr.readline()
    ground.admin.must("delete", "j")
    out, _ = waits.communicate(timeout=100)
    assert (waits.returncode, out.decode()) == (0, "pytorchjob j deleted\n")
    assert json.loads(ground.admin.must("list", "-o", "json")) == []


@pytest.fixture
def volcano(kube: Cluster, config: Path) -> Iterator[None]:
    """The definitions of Volcano's jobs and of what they are told by, for this test alone."""
    with defined(kube, config, volcanojob.KIND.resources[0], volcanojob.COMMANDS):
        yield


def test_suspended_by_an_object(ground: Field, volcano: None):
    """A job of Volcano is suspended by a Command that names it, and goes with it."""
    ground.submit("volcanojob", "j", IDLE)
    assert ground.admin.must("suspend", "j") == "volcanojob j suspended\n"
    [asked] = ground.kube.list(volcanojob.COMMANDS, ground.namespace)
    job = ground.kube.get(volcanojob.KIND.resources[0], ground.namespace, "j")
    assert (asked["action"], asked["target"]["uid"]) == ("AbortJob", job["metadata"]["uid"])
    assert asked["metadata"]["ownerReferences"][0]["uid"] == job["metadata"]["uid"]
    ground.admin.must("delete", "j")
    until(lambda: not list(ground.kube.list(volcanojob.COMMANDS, ground.namespace)), 60, "its end")
