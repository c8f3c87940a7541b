"""The library's verbs after a submit, and configured options of the jobs that it submits."""

from dataclasses import replace
from datetime import timedelta

import pytest
from screens import NOON, PYTORCHJOBS, Fixed

import arena
from arena import manifests
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
    (tmp_path / ".arena.yaml").write_text("image: ours\n", encoding="utf-8")
    own = tmp_path / ".config" / "arena" / "config.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("defaults:\n  pytorchjob:\n    working-dir: /workspace\n", encoding="utf-8")
    [shown] = arena.preview(session, arena.PyTorchJobSpec(name="bert", command="x"))
    assert (container(shown)["image"], container(shown)["workingDir"]) == ("ours", "/workspace")
    arena.submit(session, spec())
    sent = stage.cluster.get(PYTORCHJOBS, "default", "bert")
    assert (container(sent)["image"], container(sent)["workingDir"]) == ("i", "/workspace")


def test_the_users_own_templates_hold_for_the_library(session, stage, tmp_path):
    """A template in the folder that the setting templates names is used for what the library submits."""
    settings = tmp_path / ".config" / "arena" / "config.yaml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f"templates: {tmp_path}\n", encoding="utf-8")
    own = manifests.find("pytorchjob.yaml").replace("  nprocPerNode: ${processes}", "  nprocPerNode: gpu")
    (tmp_path / "pytorchjob.yaml").write_text(own, encoding="utf-8")
    assert arena.preview(session, spec())[0]["spec"]["nprocPerNode"] == "gpu"
    for made in (arena.submit(session, spec()), arena.rerun(session, "bert")):
        assert stage.cluster.get(PYTORCHJOBS, "default", made.name)["spec"]["nprocPerNode"] == "gpu"


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


def test_schedules_from_python(session):
    """A job is put on a schedule, found, suspended, resumed and deleted, by functions."""
    nightly = arena.CronSpec(schedule="0 2 * * *", concurrency_policy="Forbid")
    made = arena.schedule(session, spec(workers=2), nightly)
    assert (made.name, made.kind, made.schedule, made.policy) == ("bert", "pytorchjob", "0 2 * * *", "Forbid")
    assert [one.name for one in arena.crons(session)] == ["bert"]
    assert arena.crons(session, kind="tfjob") == arena.jobs(session) == []
    assert arena.suspend_cron(session, "bert").suspended
    assert arena.suspend_cron(session, "bert", kind="py").suspended
    assert not arena.resume_cron(session, "bert").suspended
    assert arena.cron(session, "bert").runs == ()
    with pytest.raises(Conflict, match='"bert" exists'):
        arena.schedule(session, spec(), nightly)
    assert arena.delete_cron(session, "bert").name == "bert"
    with pytest.raises(arena.NotFound, match='no cron "bert"'):
        arena.cron(session, "bert")


def test_a_schedule_is_checked_before_it_is_sent(session):
    """A schedule whose runs the cluster would refuse, or whose name is too long, is an error, not there."""
    times = arena.CronSpec(schedule="@daily")
    with pytest.raises(SpecError, match="too long"):
        arena.schedule(session, spec(name="a" * 40), times)
    with pytest.raises(SpecError, match="--schedule"):
        arena.CronSpec(schedule="every day")
    with pytest.raises(SpecError, match="unknown kind of job"):
        arena.crons(session, kind="nothing")
    assert arena.crons(session) == []


def test_a_job_once_more_from_python(session, stage, tmp_path):
    """rerun sends what is recorded, with changes and the code of the first time, under a name of its own."""
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "train.py").write_text("print(1)\n", encoding="utf-8")
    arena.submit(session, spec(code=str(folder), workers=2))
    (folder / "train.py").write_text("print(2)\n", encoding="utf-8")
    made = arena.rerun(session, "bert", "workers=1")
    assert made.name.startswith("bert-")
    assert made.code == arena.job(session, "bert").code
    assert arena.recorded(session, made.name).workers == 1
    assert arena.restore(session, made.name, str(tmp_path / "back")) == ["train.py"]
    assert (tmp_path / "back" / "train.py").read_text("utf-8") == "print(1)\n"
    with pytest.raises(Conflict, match="not empty"):
        arena.restore(session, made.name, str(tmp_path / "back"))
    anew = arena.rerun(session, "bert", f"code={folder}", new="gpt")
    assert anew.name == "gpt"
    assert anew.code != made.code
    stage.job("theirs")
    with pytest.raises(arena.NotFound, match="not submitted by arena"):
        arena.rerun(session, "theirs")
    with pytest.raises(arena.NotFound, match="without --code"):
        arena.restore(session, "theirs", str(tmp_path / "none"))
    assert not (tmp_path / "none").exists()


def test_what_others_made_is_adopted_and_pruned_from_python(session, stage):
    """prune deletes jobs that ended long enough ago, and of other tools only adopted ones."""
    for name, ends in (("old", "Succeeded"), ("failed", "Failed"), ("runs", "Running")):
        stage.job(name, ends)
    assert arena.prune(session, timedelta(0)) == []
    assert arena.adopt(session, "old").managed
    assert arena.adopt(session, "failed").managed
    assert not arena.release(session, "failed").managed
    assert session.now() == NOON  # they ended half an hour ago
    assert arena.prune(session, timedelta(hours=1)) == []
    assert [one.name for one in arena.prune(session, timedelta(minutes=10), dry_run=True)] == ["old"]
    assert arena.job(session, "old").name == "old"
    assert [one.name for one in arena.prune(session, timedelta(minutes=10), everywhere=True)] == ["old"]
    assert {one.name for one in arena.jobs(session)} == {"failed", "runs"}


def test_a_kind_chooses_between_jobs_of_one_name(session, stage):
    """Where two kinds have a job of one name, every function takes the kind that is meant."""
    arena.submit(session, spec())
    arena.submit(session, arena.TFJobSpec(name="bert", workers=1, command="x", image="i"))
    with pytest.raises(SpecError, match="several kinds"):
        arena.job(session, "bert")
    assert arena.job(session, "bert", kind="tf").kind == "tfjob"
    assert arena.recorded(session, "bert", kind="tfjob") == arena.TFJobSpec(
        name="bert", workers=1, command="x", image="i"
    )
    assert [one.kind for one in arena.jobs(session, kind="pytorchjob")] == ["pytorchjob"]
    assert list(arena.logs(session, "bert", kind="tfjob")) == []
    assert arena.delete(session, "bert", kind="tfjob").kind == "tfjob"
    assert arena.job(session, "bert").kind == "pytorchjob"


def test_values_are_read_as_those_of_a_job_file():
    """A Spec made in Python takes values as a job file has them, and holds them as their own types."""
    words = spec(
        data=["images:/images"],
        config_file=["/etc/hosts:/conf/hosts"],
        toleration=["gpu=yes:NoSchedule,Equal"],
        env=["LR=0.1"],
        gpus="2",
        command=["python", "a b.py"],
    )
    own = spec(
        data=(arena.Mount("images", "/images"),),
        config_file=(arena.ConfigFile("/etc/hosts", "/conf/hosts"),),
        toleration=(arena.Toleration("gpu", "yes", "NoSchedule", "Equal"),),
        env={"LR": "0.1"},
        gpus=2,
        command="python 'a b.py'",
    )
    assert words == own == replace(own)
    assert own.data[0].path == "/images"


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("name", "Bad Name", "--name"),
        ("gpus", -1, "--gpus"),
        ("workers", "two", "--workers"),
        ("workers", None, "--workers"),
        ("workers", True, "--workers"),
        ("env", {"a b": "1"}, "--env"),
        ("env", 3, "--env"),
        ("data", [3], "--data"),
        ("command", None, "COMMAND"),
        ("clean_task_policy", "Some", "--clean-task-policy"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_at_once(field, value, told):
    """A Spec cannot be made of a value that its flag would refuse: the error names the flag."""
    with pytest.raises(SpecError, match=told):
        spec(**{field: value})


def test_evaluations_and_the_cluster_from_python(session, stage):
    """An evaluation is submitted as a job is; the machines of the cluster can be asked for."""
    made = arena.EvaluationSpec(name="bert-1", model="bert", command="x", image="i")
    assert arena.submit(session, made).kind == "evaluatejob"
    assert [one.model for one in arena.evaluations(session)] == ["bert"]
    assert arena.job(session, "bert-1").name == "bert-1"
    assert arena.rerun(session, "bert-1", new="bert-2").kind == "evaluatejob"
    assert arena.jobs(session) == []
    assert arena.nodes(session) == []
