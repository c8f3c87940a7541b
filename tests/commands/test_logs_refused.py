"""logs -f where there is nothing to follow: refused, misspelt, or left by its reader."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from product import until
from screens import PYTORCHJOBS, RUNNING

from arena.actions.jobs.logs import follow, lines
from arena.local.api.fault_injection import Fault


def test_follow_ends_where_logs_may_not_be_read(arena, stage, api):
    """logs -f fails at once for a user who may not read logs, with exit 4."""
    stage.pod(stage.job("bert", "Running"), **RUNNING)
    api.faults.append(Fault(path="/log", code=403, times=100))
    code, out, err = arena("logs", "bert", "-f")
    assert (code, out) == (4, "")
    assert 'refuses to read the log of pod "bert-master-0"' in err


@pytest.mark.parametrize("starts", [True, False])
def test_a_refused_log_before_others_have_started(arena, stage, api, starts):
    """logs -f goes on for instances that have yet to start; if none comes that can be read, it fails."""
    job = stage.job("bert", "Running")
    change = {"spec": {"pytorchReplicaSpecs": {"Worker": job["spec"]["pytorchReplicaSpecs"]["Master"]}}}
    job = stage.cluster.patch(PYTORCHJOBS, "default", "bert", change)
    stage.pod(job, **RUNNING)
    api.faults.append(Fault(path="master-0/log", code=403, times=100))
    api.faults.append(Fault(path="worker-0/log", code=404, times=100))  # it has written nothing

    def act() -> None:
        until(lambda: "its log cannot be read" in sys.stderr.getvalue(), what="a word about the log")
        if starts:
            stage.pod(job, "worker", **RUNNING | {"phase": "Succeeded"})
        ended = {"conditions": [{"type": "Succeeded", "status": "True"}]}
        stage.cluster.patch(PYTORCHJOBS, "default", "bert", {"status": ended}, subresource="status")

    with ThreadPoolExecutor(1) as pool:
        acted = pool.submit(act)
        code, _, err = arena("logs", "bert", "-f")
        acted.result()
    assert 'refuses to read the log of pod "bert-master-0"' in err
    assert code == (0 if starts else 4), err


def test_follow_of_a_misspelt_instance_names_those_there_are(arena, stage):
    """logs -f -i of an instance that a complete job does not have is exit 3, not an endless wait."""
    stage.pod(stage.job("bert", "Running"), **RUNNING)
    code, out, err = arena("logs", "bert", "-f", "-i", "wroker-1")
    assert (code, out) == (3, "")
    assert 'Error: job "bert" has no instance "wroker-1"\nHint: its instances: bert-master-0\n' in err


@pytest.mark.parametrize(
    "words",
    [("logs", "bert"), ("logs", "bert", "-f"), ("top", "job", "bert"), ("exec", "bert", "--", "ls")],
)
def test_a_word_for_several_instances(arena, stage, words):
    """Wherever -i is taken, a word that fits several instances lists them and is exit 2."""
    bert = stage.job("bert", "Running")
    for role in ("master", "worker"):
        stage.pod(bert, role, **RUNNING)
    code, out, err = arena(*words[:2], "-i", "0", *words[2:])
    assert (code, out) == (2, "")
    hint = "choose one of bert-master-0, bert-worker-0"
    assert f'Error: "0" matches several instances of job "bert"\nHint: {hint}\n' in err


@pytest.mark.parametrize("verb", [("logs", "bert"), ("logs", "bert", "-f"), ("exec", "bert", "--", "ls")])
def test_a_container_that_is_not_there(arena, stage, verb):
    """A container that no instance has is exit 3, like a missing instance, with the existing names."""
    stage.pod(stage.job("bert", "Running"), **RUNNING)
    code, out, err = arena(verb[0], "-c", "nope", *verb[1:])
    assert (code, out) == (3, "")
    assert 'has no container "nope"\nHint: its containers: pytorch\n' in err


def test_a_follow_that_is_left_ends_its_threads(stage):
    """A reader that stops following a running job leaves no thread behind."""
    stage.job("bert", "Running")
    followed = follow.follow(stage.cluster, "bert", "default", lines.Options())
    next(followed)
    observers = [one for one in threading.enumerate() if "_observe" in one.name]
    assert observers
    followed.close()
    for one in observers:
        one.join(10)
        assert not one.is_alive()
