"""suspend, resume, scale, adopt, prune, rerun, diff and wait: requests, output and exit codes."""

import json
import shlex
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import yaml
from product import quoted, until
from screens import NOON, PYTORCHJOBS

from arena.kinds import find
from arena.local.api.fault_injection import Fault

SUBMIT = ("submit", "pytorchjob", "--image", "i")
USING = "using the test's cluster\n"


def held(stage, name: str) -> object:
    """The job's own switch."""
    spec = stage.cluster.get(PYTORCHJOBS, "default", name)["spec"]
    return (spec.get("runPolicy") or {}).get("suspend")


def test_suspend_and_resume_turn_the_switch(arena, stage):
    """suspend sets runPolicy.suspend and resume unsets it; doing it twice is a remark and exit 0."""
    stage.job("bert")
    assert arena("suspend", "bert") == (0, "pytorchjob bert suspended\n", USING)
    assert held(stage, "bert") is True
    assert arena("suspend", "bert") == (0, "", USING + "pytorchjob bert is already suspended\n")
    assert arena("resume", "bert") == (0, "pytorchjob bert resumed\n", USING)
    assert held(stage, "bert") is False
    assert arena("resume", "bert") == (0, "", USING + "pytorchjob bert is not suspended\n")


def test_suspend_tries_every_name(arena, stage):
    """A missing name, or a job that has ended, does not keep the next from being suspended."""
    stage.job("a", "Succeeded")
    stage.job("b")
    code, out, err = arena("suspend", "a", "nope", "b")
    assert (code, out) == (3, "pytorchjob b suspended\n")
    assert 'pytorchjob "a" in namespace "default" has ended (SUCCEEDED) and cannot be suspended' in err
    assert "arena rerun a" in err
    assert arena("suspend").code == 2


def test_resume_of_what_waits_in_a_queue(arena, stage):
    """A job that no one suspended but a queue holds is not resumed; the answer says that it waits there."""
    stage.job("bert", annotations={"scheduling.x-k8s.io/suspend": "true"})
    code, _, err = arena("resume", "bert")
    assert (code, 'pytorchjob "bert" in namespace "default" waits in the queue of the cluster' in err) == (
        5,
        True,
    )


def test_suspend_does_not_touch_another_job_of_that_name(arena, stage, api):
    """A job that takes the name between reading and writing stays as it is."""
    stage.job("bert")
    late = Fault(path="/pytorchjobs/bert", method="PATCH", delay=0.5)
    api.faults.append(late)
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(arena, "suspend", "bert")
        until(lambda: late.times == 0, what="the change on its way")
        stage.cluster.delete(PYTORCHJOBS, "default", "bert")
        stage.job("bert")
        assert ended.result(timeout=20).code == 5
    assert held(stage, "bert") is None


def test_scale_within_the_bounds_of_an_elastic_job(arena, stage):
    """scale sets how many workers an elastic job has, and refuses what its policy does not allow."""
    words = ("--name", "grow", "--workers", "2", "--min-workers", "2", "--max-workers", "4", "x")
    assert arena(*SUBMIT, *words).code == 0
    assert arena("scale", "grow", "--workers", "3") == (0, "pytorchjob grow scaled to 3 workers\n", USING)
    roles = stage.cluster.get(PYTORCHJOBS, "default", "grow")["spec"]["pytorchReplicaSpecs"]
    assert {name: role["replicas"] for name, role in roles.items()} == {"Worker": 3}
    assert arena("scale", "grow", "-w", "3").err == USING + "pytorchjob grow already has 3 workers\n"
    for count in ("1", "5"):
        refused = f'Error: --workers {count} is out of range for job "grow"\nHint: give 2 to 4\n'
        assert arena("scale", "grow", "-w", count) == (2, "", USING + refused)


def test_scale_of_what_cannot_be_scaled(arena, stage):
    """A job with a fixed number of workers is not scaled, and the hint says what to do instead."""
    stage.job("bert")
    code, out, err = arena("scale", "bert", "-w", "2")
    assert (code, out) == (2, "")
    assert 'job "bert" is not elastic' in err
    assert "arena rerun" in err


def test_adopt_labels_and_release_takes_the_labels_off(arena, stage):
    """adopt makes a foreign job arena's own and changes nothing but its labels; release undoes just that."""
    before = stage.job("bert", labels={"app": "mine", "team": "vision"})
    stage.job("gpt", labels={"app.kubernetes.io/managed-by": "Helm"})
    assert arena("adopt", "bert") == (0, "pytorchjob bert adopted\n", USING)
    after = stage.cluster.get(PYTORCHJOBS, "default", "bert")
    assert after["spec"] == before["spec"]
    assert after["metadata"]["labels"]["app"] == "mine"
    assert after["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "arena"
    assert arena("adopt", "-l", "team=vision").err == USING + "pytorchjob bert is arena's own already\n"
    assert arena("adopt", "bert", "--release").out == "pytorchjob bert released\n"
    assert (
        stage.cluster.get(PYTORCHJOBS, "default", "bert")["metadata"]["labels"]
        == before["metadata"]["labels"]
    )
    code, _, err = arena("adopt", "gpt")
    assert (code, "is managed by Helm" in err) == (5, True)
    assert arena(*SUBMIT, "--name", "own", "x").code == 0
    assert arena("adopt", "own", "--release").code == 5
    assert arena("adopt", "bert", "-l", "a=b").code == 2


def ours(stage, name: str, hours: float, **more: str) -> None:
    """A job of arena that ended this number of hours ago."""
    labels = {"app.kubernetes.io/managed-by": "arena", **more}
    stage.job(name, "Succeeded", labels=labels)
    end = (NOON - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
    stage.cluster.patch(
        PYTORCHJOBS, "default", name, {"status": {"completionTime": end}}, subresource="status"
    )


def test_prune_takes_what_ended_long_ago(arena, stage):
    """prune deletes arena's jobs that ended before, not those that run, ended later, or are others'."""
    ours(stage, "old", 30)
    ours(stage, "older", 60, team="vision")
    ours(stage, "new", 1)
    stage.job("runs", "Running", labels={"app.kubernetes.io/managed-by": "arena"})
    stage.job("foreign", "Succeeded")
    left = "skipped jobs that other tools created (arena adopt includes them): foreign\n"
    shown = (
        "NAME   STATUS     TRAINER     ENDED   SUBMITTER\n"
        "older  SUCCEEDED  PYTORCHJOB  2d ago  N/A\n"
        "old    SUCCEEDED  PYTORCHJOB  1d ago  N/A\n"
    )
    code, out, err = arena("prune", "--since", "10m", "--dry-run", "-l", "team=vision")
    assert (code, out.splitlines()[1].split()[0], err) == (0, "older", "")
    plan = arena("prune", "--since", "1d", "--dry-run")
    assert (plan.code, sorted(plan.out), plan.err) == (0, sorted(shown), "")
    assert sorted(arena("prune", "-s", "1d", "--dry-run", "-o", "name").out.split()) == ["old", "older"]
    listed = json.loads(arena("prune", "-s", "2d", "--dry-run", "-o", "json").out)
    assert [one["name"] for one in listed] == ["older"]
    assert arena("prune", "-s", "9d", "--dry-run", "-o", "json").out == "[]\n"
    code, out, err = arena("prune", "--since", "10m", "-y", "-l", "team!=vision")
    assert (code, sorted(out.splitlines())) == (0, ["pytorchjob new deleted", "pytorchjob old deleted"])
    assert left in err
    assert sorted(arena("list", "-o", "name").out.split()) == ["foreign", "older", "runs"]
    gone = json.loads(arena("prune", "--since", "10m", "-y", "-o", "json").out)
    assert [one["name"] for one in gone] == ["older"]
    assert arena("prune", "--since", "10m", "-y", "-o", "json").out == "[]\n"
    assert arena("prune", "--since", "10m", "-y", "-o", "name").out == ""


def test_prune_refuses_to_guess(arena, stage):
    """Without --since, with an invalid one, or without a terminal to confirm on, nothing is deleted."""
    ours(stage, "old", 30)
    assert arena("prune").err == (
        "Error: --since is missing\nHint: give the minimum time since the end of a job, such as --since 1d\n"
    )
    assert arena("prune", "--since", "-1").code == 2
    assert 'Error: --since: "soon" is not a duration' in arena("prune", "-s", "soon").err
    code, out, err = arena("prune", "-s", "1d")
    assert (code, out) == (2, "")
    assert "1 job would be deleted and there is no terminal to confirm on" in err
    assert arena("list", "-o", "name").out == "old\n"
    assert arena("prune", "-s", "10d") == (0, "", "no jobs to delete\n")


def test_rerun_sends_the_same_again(arena, stage):
    """A rerun differs from the job in its name alone, and --set changes an option."""
    words = ("--workers", "2", "-e", "LR=1", "-e", "EPOCHS=3", "--label", "team=a", "python train.py")
    assert arena(*SUBMIT, "--name", "bert", *words).code == 0
    first = stage.cluster.get(PYTORCHJOBS, "default", "bert")
    assert arena("rerun", "bert", "--name", "again", "-o", "name").out == "again\n"
    second = stage.cluster.get(PYTORCHJOBS, "default", "again")
    assert json.loads(json.dumps(second["spec"]).replace("again", "bert")) == first["spec"]
    changed = yaml.safe_load(
        arena("rerun", "bert", "--set", "workers=3", "--set", "env=LR=2", "--dry-run").out
    )
    assert changed["spec"]["pytorchReplicaSpecs"]["Worker"]["replicas"] == 2
    master = changed["spec"]["pytorchReplicaSpecs"]["Master"]["template"]["spec"]["containers"][0]
    env = {one["name"]: one.get("value") for one in master["env"]}
    assert (env["LR"], env["EPOCHS"]) == ("2", "3")
    assert changed["metadata"]["name"].startswith("bert-")
    assert arena("rerun", "bert", "--set", "workers=0").code == 2


def test_rerun_asks_for_secrets_again(arena):
    """What was secret is not recorded: a rerun names it, and takes it by --set."""
    assert arena(*SUBMIT, "--name", "bert", "--secret", "TOKEN=hush", "x").code == 0
    code, out, err = arena("rerun", "bert")
    assert (code, out) == (2, "")
    assert 'job "bert" has secrets, which are not recorded: TOKEN' in err
    assert "pass them again (--set secret=NAME reads your environment): --set secret=TOKEN\n" in err
    assert arena("rerun", "bert", "--set", "secret=TOKEN=new", "-o", "name").code == 0


def test_what_others_made_cannot_be_rerun(arena, stage):
    """A job without recorded options is reported in a sentence, by rerun and get -o command."""
    stage.job("theirs")
    for words in (("rerun", "theirs"), ("get", "theirs", "-o", "command")):
        code, out, err = arena(*words)
        assert (code, out) == (3, "")
        assert 'job "theirs" was not submitted by arena' in err


def test_command_of_a_job_submits_the_same(arena, stage):
    """What get -o command prints makes a job with the same spec."""
    words = ("--workers", "3", "-e", "A=it's $HOME", "--secret", "KEY=v", "--toleration", "all")
    assert arena(*SUBMIT, "--name", "bert", *words, "echo it's").code == 0
    first = stage.cluster.get(PYTORCHJOBS, "default", "bert")
    line = arena("get", "bert", "-o", "command").out
    assert "--secret KEY " in line
    typed = line.replace("--secret KEY ", "--secret KEY=v ").replace("--name bert", "--name gpt")
    assert arena(*shlex.split(typed)[1:]).code == 0
    second = json.dumps(stage.cluster.get(PYTORCHJOBS, "default", "gpt")["spec"])
    assert json.loads(second.replace("gpt", "bert")) == first["spec"]


def test_rerun_warns_of_a_patch(arena, tmp_path):
    """A patch is a file that is not kept: a rerun without it says so, and the command line names it."""
    patch = tmp_path / "p.json"
    patch.write_text('{"spec": {"runPolicy": {"backoffLimit": 3}}}', encoding="utf-8")
    assert arena(*SUBMIT, "--name", "bert", "--patch", str(patch), "x").code == 0
    assert f"the job was submitted with --patch {quoted(patch)}" in arena("rerun", "bert", "--dry-run").err
    assert f"--patch {quoted(patch)}" in arena("get", "bert", "-o", "command").out
    again = arena("rerun", "bert", "--dry-run", "--patch", str(patch))
    assert "Warning" not in again.err
    assert yaml.safe_load(again.out)["spec"]["runPolicy"]["backoffLimit"] == 3


def test_diff_shows_what_differs(arena, tmp_path):
    """diff lists the options that differ, and ends with 1 where any does, else with 0."""
    assert arena(*SUBMIT, "--name", "a", "-e", "LR=1", "--workers", "2", "x").code == 0
    assert arena(*SUBMIT, "--name", "b", "-e", "LR=2", "--workers", "2", "--gpus", "1", "x").code == 0
    code, out, err = arena("diff", "a", "b")
    assert (code, err) == (1, "")
    assert out == "OPTION  a  b\nenv.LR  1  2\ngpus    -  1\n"
    assert arena("diff", "a", "a") == (0, "", "a and a do not differ\n")
    found = json.loads(arena("diff", "b", "a", "-o", "json").out)
    assert found[0] == {"option": "gpus", "left": "1", "right": None}
    file = tmp_path / "job.yaml"
    file.write_text("image: i\nworkers: 2\ncommand: y\nenv: {LR: 1}\n", encoding="utf-8")
    assert arena("diff", "a", "-f", str(file)).out == f"OPTION   a  {file}\ncommand  x  y\n"
    assert arena("diff", "a").code == 2
    assert arena("diff", "a", "nope").code == 3


def test_diff_with_what_others_made(arena, stage):
    """If a job has no recorded options, the objects and their states are compared."""
    stage.job("a", "Succeeded")
    stage.job("b", container={"image": "other"})
    code, out, _ = arena("diff", "a", "b")
    assert code == 1
    path = "spec.pytorchReplicaSpecs.Master.template.spec.containers[0].image"
    assert [line.split() for line in out.splitlines()] == [
        ["OPTION", "a", "b"],
        [path, "i", "other"],
        ["status", "SUCCEEDED", "PENDING"],
    ]


def test_diff_with_what_others_made_leaves_out_marks(arena, stage):
    """arena's marks on its own pods are not a difference to a job of others."""
    stage.job("theirs", container={"command": ["sh", "-c", "x"]})
    assert arena(*SUBMIT, "--name", "ours", "x").code == 0
    _, out, _ = arena("diff", "theirs", "ours")
    assert "spec.runPolicy.cleanPodPolicy" in out
    assert not any(word in out for word in ("managed-by", "createdBy", "requestGPUs", "local.arena.io"))


def test_a_plain_job_of_others_is_hinted_at(arena, stage):
    """A Job of other tools is not a training job, but the error says how to select it."""
    pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "i"}]}
    body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "theirs"}}
    stage.cluster.create(find("job").resources[0], "default", {**body, "spec": {"template": {"spec": pod}}})
    code, _, err = arena("get", "theirs")
    assert (code, "another tool created a Job with that name; to select it, add -T job" in err) == (3, True)
    assert arena("get", "theirs", "-T", "job").code == 0


def test_wait_for_several_goals(arena, stage):
    """wait takes several jobs and any phase or condition; one that ended otherwise is not waited for."""
    stage.job("good", "Succeeded")
    stage.job("bad", "Failed")
    stage.job("runs", "Created")
    assert arena("wait", "good").out == "pytorchjob good SUCCEEDED\n"
    code, out, err = arena("wait", "bad", "good")
    assert (code, out) == (7, "pytorchjob good SUCCEEDED\n")
    assert 'Error: job "bad" failed' in err
    assert arena("wait", "bad", "--for", "phase=failed").out == "pytorchjob bad FAILED\n"
    assert arena("wait", "good", "--for", "RUNNING").code == 0
    assert arena("wait", "runs", "--for", "condition=Created").code == 0
    assert arena("wait", "bad", "--for", "phase=RUNNING").code == 7
    assert arena("wait", "good", "--for", "condition=Failed").code == 1
    assert arena("wait", "runs", "--for", "condition=created=true").code == 0
    stage.job("later", "Created")
    code, _, err = arena("wait", "later", "--for", "condition=Created=False", "--timeout", "0s")
    assert (code, 'job "later" is still PENDING' in err) == (6, True)
    there_is_none = 'there is no job "gone" in namespace "default"\n'
    assert arena("wait", "gone", "--for", "deleted") == (0, "", there_is_none)
    assert arena("wait", "gone").code == 3
    code, _, err = arena("wait", "runs", "good", "--timeout", "0s")
    assert (code, 'job "runs" is still PENDING after 0s' in err) == (6, True)


def test_wait_refuses_what_it_does_not_know(arena):
    """An invalid goal or time is reported with its flag and the allowed values."""
    code, _, err = arena("wait", "x", "--for", "Ready")
    assert (code, '--for: "Ready" is not a valid state' in err, "phase=PHASE" in err) == (2, True, True)
    assert arena("wait", "x", "--for", "condition=Ready=maybe").code == 2
    assert '--timeout: "soon" is not a duration' in arena("wait", "x", "--timeout", "soon").err


def test_changes_are_refused_as_the_cluster_says(arena, stage, api):
    """A user who may not change jobs gets an error with exit code 4."""
    stage.job("bert")
    api.faults.append(Fault(path="/pytorchjobs/bert", method="PATCH", code=403, times=100))
    assert arena("suspend", "bert").code == 4
    assert held(stage, "bert") is None
