"""The library's verbs after a submit, and what is configured for jobs that it submits."""

from dataclasses import replace

import pytest
from screens import PYTORCHJOBS, Fixed

import arena
from arena.errors import Conflict, SpecError
from arena.resources import CONFIGMAPS, NAMESPACES


@pytest.fixture
def session(stage, tmp_path) -> Fixed:
    return Fixed(stage.cluster, tmp_path)


def spec(**more: object) -> arena.PyTorchJobSpec:
    """A small job."""
    return arena.PyTorchJobSpec(**{"name": "bert", "command": "x", "image": "i", **more})


def container(obj) -> dict:
    """The only one of the master."""
    return obj["spec"]["pytorchReplicaSpecs"]["Master"]["template"]["spec"]["containers"][0]


def test_configured_defaults_hold_for_the_library(session, stage, tmp_path):
    """What is configured counts for options that a Spec leaves at their defaults, as on the command line."""
    (tmp_path / ".arena.yaml").write_text(
        "image: ours\ndefaults:\n  pytorchjob:\n    working-dir: /workspace\n",
        encoding="utf-8",
    )
    [shown] = arena.preview(session, replace(spec(), image=""))
    assert (container(shown)["image"], container(shown)["workingDir"]) == ("ours", "/workspace")
    arena.submit(session, spec())
    sent = stage.cluster.get(PYTORCHJOBS, "default", "bert")
    assert (container(sent)["image"], container(sent)["workingDir"]) == ("i", "/workspace")


def test_the_administrators_defaults_hold_for_the_library(session, stage):
    """What the administrator set on the cluster counts for a submit; a preview asks no cluster."""
    meta = {"metadata": {"name": "arena-system"}}
    stage.cluster.create(NAMESPACES, None, {"apiVersion": "v1", "kind": "Namespace", **meta})
    data = {"config.yaml": "defaults: {pytorchjob: {shell: bash}}"}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "arena-config"}, "data": data}
    stage.cluster.create(CONFIGMAPS, "arena-system", body)
    arena.submit(session, spec())
    assert container(stage.cluster.get(PYTORCHJOBS, "default", "bert"))["command"][0] == "bash"
    assert container(arena.preview(session, spec())[0])["command"][0] == "sh"


def test_life_of_a_job_from_python(session):
    """A job is suspended, resumed, scaled and compared, and its Spec comes back, by functions."""
    arena.submit(session, spec(workers=2, max_workers=3))
    assert arena.suspend(session, "bert").phase is arena.Phase.SUSPENDED
    assert arena.resume(session, "bert").phase is arena.Phase.PENDING
    assert arena.scale(session, "bert", 3).wanted == 3
    with pytest.raises(SpecError):
        arena.scale(session, "bert", 4)
    assert arena.recorded(session, "bert") == spec(workers=2, max_workers=3)
    again = replace(arena.recorded(session, "bert", "env=LR=1"), name="again")
    arena.submit(session, again)
    [found] = arena.diff(session, "bert", "again")
    assert found == arena.Difference(what="env.LR", left=None, right="1")


def test_a_job_that_has_ended_is_a_conflict(session, stage):
    """What has ended can be neither suspended nor scaled."""
    stage.job("bert", "Failed")
    with pytest.raises(Conflict, match="has ended"):
        arena.suspend(session, "bert")


def test_waiting_for_more_than_the_end(session, stage):
    """wait takes the goals of the command; one that cannot come true any more is an error."""
    stage.job("runs", "Running")
    stage.job("done", "Succeeded")
    assert arena.wait(session, "runs", until="condition=Running", timeout=5).name == "runs"
    assert arena.wait(session, "done", until="phase=RUNNING").phase is arena.Phase.SUCCEEDED
    with pytest.raises(arena.ArenaError, match="ended SUCCEEDED without phase=FAILED"):
        arena.wait(session, "done", until="phase=FAILED")
    with pytest.raises(arena.NotFound):
        arena.wait(session, "nobody", until="deleted")
    with pytest.raises(arena.TimedOut):
        arena.wait(session, "runs", until="deleted", timeout=0)
