"""What holds a deleted object is reported and awaited, but not forever."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from product import until
from screens import PYTORCHJOBS

from arena.errors import NotFound
from arena.local.api.fault_injection import Fault
from arena.resources import PODS

HOLD = "example.com/hold"
SUBMIT = ("submit", "pytorchjob", "--image", "i")


def doomed(stage, name: str, resource=PYTORCHJOBS) -> bool:
    """Whether the object is marked for deletion."""
    return "deletionTimestamp" in stage.cluster.get(resource, "default", name)["metadata"]


def release(stage, name: str, resource=PYTORCHJOBS) -> None:
    """Remove the finalizer, like its controller, once the object is marked."""
    until(lambda: doomed(stage, name, resource), what="the deletion")
    stage.cluster.patch(resource, "default", name, {"metadata": {"finalizers": None}})


def is_gone(stage, name: str) -> bool:
    try:
        stage.cluster.get(PYTORCHJOBS, "default", name)
    except NotFound:
        return True
    return False


def test_delete_names_the_finalizer_that_holds_a_job(arena, stage):
    """delete of a held job ends with 6 after its timeout, names job and finalizer; the others still go."""
    stage.job("bert", finalizers=[HOLD])
    stage.job("gpt")
    stage.job("t5", finalizers=["a.io/x", "b.io/y"])
    code, out, err = arena("delete", "bert", "t5", "gpt", "--timeout", "1s")
    assert (code, out) == (6, "pytorchjob gpt deleted\n")
    assert f"pytorchjob bert (finalizer {HOLD})" in err
    assert "pytorchjob t5 (finalizers a.io/x, b.io/y)" in err
    assert "after 1s" in err
    assert "kubectl patch pytorchjobs.kubeflow.org bert" in err
    assert is_gone(stage, "gpt")


def test_a_user_who_may_only_get_and_delete(arena, stage, api):
    """Whoever may not list the jobs, or not watch them, waits for a held one all the same."""
    stage.job("bert", finalizers=[HOLD])
    api.faults.append(Fault(path=r"/pytorchjobs\?", method="GET", code=403, times=100))
    code, _, err = arena("delete", "bert", "--timeout", "1s")
    assert (code, f"pytorchjob bert (finalizer {HOLD})" in err) == (6, True), err


def test_delete_waits_until_the_finalizer_is_gone(arena, stage):
    """delete says for whom it waits, and that the job is deleted only when it is."""
    stage.job("bert", finalizers=[HOLD])
    with ThreadPoolExecutor(1) as pool:
        pool.submit(release, stage, "bert")
        code, out, err = arena("delete", "bert")
    assert (code, out) == (0, "pytorchjob bert deleted\n")
    assert is_gone(stage, "bert")
    assert "Error" not in err


def test_a_job_that_was_deleted_before_and_is_held_is_said_so(arena, stage):
    """A second delete of a held job reports the same, not that it is deleted."""
    stage.job("bert", finalizers=[HOLD])
    for _ in range(2):
        code, out, err = arena("delete", "bert", "--timeout", "1s")
        assert (code, out, f"(finalizer {HOLD})" in err) == (6, "", True)


@pytest.mark.parametrize("command", [("cron", "delete", "nightly"), ("prune", "--since", "1m", "-y")])
def test_other_deletions_tell_it_too(arena, stage, command):
    """Whatever deletes says what holds the object."""
    if command[0] == "cron":
        arena("cron", "pytorchjob", "--schedule", "@yearly", "--name", "nightly", "--image", "i", "true")
        from arena.actions.jobs import crons

        found = crons.find(stage.cluster, "nightly", "default", None)
        stage.cluster.patch(found.resource, "default", "nightly", {"metadata": {"finalizers": [HOLD]}})
    else:
        stage.job("bert", "Succeeded", labels={"app.kubernetes.io/managed-by": "arena"}, finalizers=[HOLD])
    code, out, err = arena(*command, "--timeout", "1s")
    assert (code, f"(finalizer {HOLD})" in err) == (6, True)
    assert "deleted" not in out


def test_replace_says_for_whom_it_waits(arena, stage):
    """--replace shows what is left of the old job, with name and finalizer, and then continues."""
    assert arena(*SUBMIT, "--name", "bert", "x").code == 0
    job = stage.cluster.get(PYTORCHJOBS, "default", "bert")
    old = job["metadata"]["uid"]
    pod = stage.pod(job)["metadata"]["name"]
    meta = {"finalizers": [HOLD], "ownerReferences": [
        {"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "name": "bert", "uid": old}
    ]}  # fmt: skip
    stage.cluster.patch(PODS, "default", pod, {"metadata": meta})

    def act() -> None:
        until(lambda: doomed(stage, "bert"), what="the deletion")
        # What the collector of garbage does, and here nobody: the job goes last.
        stage.cluster.delete(PODS, "default", pod)
        until(seen, what="a word about the pod")
        stage.cluster.patch(PODS, "default", pod, {"metadata": {"finalizers": None}})
        stage.cluster.patch(PYTORCHJOBS, "default", "bert", {"metadata": {"finalizers": None}})

    def seen() -> bool:
        return f"pod {pod} (finalizer {HOLD})" in sys.stderr.getvalue()

    with ThreadPoolExecutor(1) as pool:
        acted = pool.submit(act)
        code, out, err = arena(*SUBMIT, "--name", "bert", "--replace", "y")
        acted.result(timeout=20)
    assert (code, out) == (0, "pytorchjob bert submitted\n")
    assert f"waiting for deletion of pod {pod} (finalizer {HOLD})\n" in err
    assert stage.cluster.get(PYTORCHJOBS, "default", "bert")["metadata"]["uid"] != old
