"""arena cron: what is sent, what is refused, how schedules are shown, suspended and deleted."""

import json
import re
from collections.abc import Iterator

import pytest
import yaml
from crds import faults
from screens import Ended, Fixed

from arena import kinds
from arena.cli import run
from arena.commands._globals import Globals
from arena.errors import NotFound
from arena.kinds.cron import CRONJOBS, CRONS
from arena.kube import Cluster
from arena.resources import CONFIGMAPS, SECRETS

NIGHTLY = ("--schedule", "0 2 * * *", "--name", "nightly", "--image", "i")


def test_dry_run_prints_what_is_sent(arena, stage):
    """What --dry-run prints is what is created, and the job inside is the one that submit would send."""
    words = (*NIGHTLY, "--workers", "2", "-e", "LR=1e-3", "python train.py")
    printed = yaml.safe_load(arena("cron", "pytorchjob", *words, "--dry-run").out)
    assert list(stage.cluster.list(CRONS, "default")) == []
    assert arena("cron", "pytorchjob", *words).code == 0
    sent = stage.cluster.get(CRONS, "default", "nightly")
    assert sent["spec"] == printed["spec"]
    inside = sent["spec"]["template"]["workload"]
    job = yaml.safe_load(arena("submit", "pytorchjob", *words[2:], "--dry-run").out)
    assert inside["spec"] == job["spec"]
    assert inside["metadata"]["annotations"] == job["metadata"]["annotations"]
    assert "name" not in inside["metadata"]


@pytest.mark.parametrize("kind", kinds.training_kinds(), ids=lambda kind: kind.name)
def test_every_kind(arena, kind):
    """Jobs of every kind can be submitted on a schedule, as their definition and that of Cron have it."""
    words = [*NIGHTLY, "--deadline", "2031-01-01T00:00:00Z", "--timezone", "Europe/Berlin", "--suspend"]
    words += ["--main-class", "m", "--jar", "local:///m.jar"] if kind.name == "sparkjob" else ["python x.py"]
    ended = arena("cron", kind.name, *words, "--dry-run")
    assert ended.code == 0, ended.err
    cron = next(yaml.safe_load_all(ended.out))
    assert cron["spec"]["schedule"] == "CRON_TZ=Europe/Berlin 0 2 * * *"
    assert faults(cron) == []
    assert faults(cron["spec"]["template"]["workload"]) == []


def test_an_option_of_both_is_the_schedules(arena):
    """Where job and schedule could both be suspended, --suspend is about the schedule."""
    cron = yaml.safe_load(arena("cron", "rayjob", *NIGHTLY, "--suspend", "x", "--dry-run").out)
    assert cron["spec"]["suspend"] is True
    assert not cron["spec"]["template"]["workload"]["spec"].get("suspend")


def test_plain_jobs_are_cronjobs(arena, stage):
    """Plain jobs on a schedule need no operator: a CronJob starts them."""
    assert arena("cron", "job", *NIGHTLY, "--timezone", "Asia/Tokyo", "--history-limit", "2", "x").code == 0
    spec = stage.cluster.get(CRONJOBS, "default", "nightly")["spec"]
    assert (spec["schedule"], spec["timeZone"]) == ("0 2 * * *", "Asia/Tokyo")
    assert (spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (2, 2)


@pytest.mark.parametrize("kind", ["etjob", "deepspeedjob"])
def test_runs_find_the_key_for_ssh(arena, kind):
    """The runs of elastic and DeepSpeed jobs name the Secret that was made with the schedule."""
    cron, secret = yaml.safe_load_all(arena("cron", kind, *NIGHTLY, "x", "--dry-run=client").out)
    notes = cron["spec"]["template"]["workload"]["metadata"]["annotations"]
    assert notes["arena.kubeflow.org/ssh-secret"] == secret["metadata"]["name"]


def test_workers_of_a_jobset_meet_those_of_their_run(arena):
    """Each run of a JobSet has a name of its own, by which its workers find the first of them."""
    made = arena("cron", "jobset", *NIGHTLY, "--workers", "2", "x", "--dry-run=client").out
    assert "nightly-worker" not in made
    cron = yaml.safe_load(made)
    (part,) = cron["spec"]["template"]["workload"]["spec"]["replicatedJobs"]
    env = part["template"]["spec"]["template"]["spec"]["containers"][0]["env"]
    assert env[0]["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.labels['jobset.sigs.k8s.io/jobset-name']"
    hosts = {one["name"]: one.get("value") for one in env}
    assert hosts["MASTER_ADDR"] == "$(ARENA_RUN)-worker-0-0.$(ARENA_RUN)"


@pytest.mark.parametrize("until", [(), ("--deadline", "2030-01-01T00:00:00Z")], ids=["cronjob", "cron"])
def test_workers_of_a_plain_job_meet_those_of_their_run(arena, until):
    """Each run of a plain job has a name of its own, by which its workers find the first of them."""
    cron, *_ = yaml.safe_load_all(
        arena("cron", "job", *NIGHTLY, *until, "--workers", "2", "x", "--dry-run=client").out
    )
    spec = cron["spec"]
    job = spec["template"]["workload"] if until else spec["jobTemplate"]
    env = job["spec"]["template"]["spec"]["containers"][0]["env"]
    assert env[0]["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.labels['job-name']"
    hosts = {one["name"]: one.get("value") for one in env}
    assert hosts["MASTER_ADDR"] == "$(ARENA_RUN)-0.nightly"


def test_helpers_belong_to_the_cron(arena, stage):
    """What is made beside the job is owned by the schedule, so that all its runs find it."""
    words = ("--secret", "K=v", "--config-file", f"{__file__}:/c/a")
    assert arena("cron", "job", *NIGHTLY, *words, "x").code == 0
    uid = stage.cluster.get(CRONJOBS, "default", "nightly")["metadata"]["uid"]
    made = [*stage.cluster.list(CONFIGMAPS, "default"), *stage.cluster.list(SECRETS, "default")]
    owned = [one for one in made if one["metadata"].get("ownerReferences")]
    assert [one["metadata"]["ownerReferences"][0]["uid"] for one in owned] == [uid, uid]


def test_pods_are_found_whatever_the_run_is_called(arena):
    """Where pods are to be near others, the schedule's name tells of these: jobs have names of their own."""
    words = (*NIGHTLY, "--workers", "2", "--worker-affinity-policy", "spread", "--tensorboard")
    words += ("--data", "logs:/l")
    made = arena("cron", "tfjob", *words, "--logdir", "/l", "x", "--dry-run").out
    assert "training.kubeflow.org/job-name" in arena("submit", "tfjob", *words[2:], "x", "--dry-run").out
    assert "training.kubeflow.org/job-name" not in made
    wanted = "matchLabels:\n *app.kubernetes.io/name: nightly\n *training.kubeflow.org/"
    assert len(re.findall(wanted, made)) == 2


def test_job_file(arena, tmp_path):
    """A job file may hold the options of the schedule beside those of the job; flags win."""
    file = tmp_path / "job.yaml"
    text = "kind: pytorchjob\nname: nightly\nimage: i\nschedule: '@daily'\nhistory-limit: 3\ncommand: x\n"
    file.write_text(text, encoding="utf-8")
    made = arena("cron", "pytorchjob", "-f", str(file), "--schedule", "@hourly", "--dry-run")
    spec = yaml.safe_load(made.out)["spec"]
    assert (spec["schedule"], spec["historyLimit"]) == ("@hourly", 3)


def test_patch_changes_the_job(arena, tmp_path):
    """--patch changes the job inside."""
    file = tmp_path / "patch.yaml"
    file.write_text("spec: {backoffLimit: 4}\n", encoding="utf-8")
    made = arena("cron", "job", *NIGHTLY, "--patch", str(file), "x", "--dry-run")
    assert yaml.safe_load(made.out)["spec"]["jobTemplate"]["spec"]["backoffLimit"] == 4


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--name", "n", "x"), 2, "--schedule is missing"),
        (("--schedule", "61 * * * *", "x"), 2, '--schedule: "61" is not a valid minute'),
        (("--schedule", "@daily"), 2, "COMMAND is missing"),
        (("--schedule", "@daily", "--name", "n" * 39, "x"), 2, "use at most 38 characters"),
        (("--schedule", "@daily", "--patch", "/nowhere", "x"), 2, "/nowhere"),
        (("--schedule", "@daily", "--dry-run=maybe", "x"), 2, "neither client nor server"),
    ],
)
def test_refused(arena, stage, words, code, said):
    """What cannot be used is refused in a sentence, and nothing is created."""
    ended = arena("cron", "pytorchjob", "--image", "i", *words)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert list(stage.cluster.list(CRONS, "default")) == []


def test_what_is_wrong_with_the_job_is_told_at_once(arena, stage, tmp_path):
    """The cluster judges the job inside a Cron when it is submitted, not when it is due."""
    file = tmp_path / "patch.yaml"
    file.write_text("spec: {runPolicy: {cleanPodPolicy: Sometimes}}\n", encoding="utf-8")
    ended = arena("cron", "pytorchjob", *NIGHTLY, "--patch", str(file), "x")
    assert (ended.code, ended.out) == (2, "")
    assert "cleanPodPolicy" in ended.err
    assert list(stage.cluster.list(CRONS, "default")) == []
    ended = arena("cron", "pytorchjob", *NIGHTLY, "x", "--dry-run=server")
    assert "accepts it; nothing was created" in ended.err
    assert list(stage.cluster.list(CRONS, "default")) == []


def test_taken_names(arena, stage):
    """A taken name is exit 5; with --replace the new schedule takes the place of the old."""
    assert arena("cron", "job", *NIGHTLY, "x").code == 0
    code, out, err = arena("cron", "job", *NIGHTLY, "y")
    assert (code, out) == (5, "")
    assert 'cron job "nightly" exists in namespace "default"' in err


def test_schedules_of_others_are_not_replaced(arena, stage):
    """A CronJob that arena did not make stays, even where --replace is given."""
    assert arena("cron", "job", *NIGHTLY, "x").code == 0
    there = stage.cluster.get(CRONJOBS, "default", "nightly")
    theirs = {"metadata": {"labels": {"app.kubernetes.io/managed-by": "somebody"}}}
    stage.cluster.patch(CRONJOBS, "default", "nightly", theirs)
    code, out, err = arena("cron", "job", *NIGHTLY, "--replace", "y")
    assert (code, out) == (5, "")
    assert "--replace does not delete it" in err
    kept = stage.cluster.get(CRONJOBS, "default", "nightly")
    assert kept["metadata"]["uid"] == there["metadata"]["uid"]


def test_list_and_get(arena, stage):
    """The list and the page of a schedule, and their JSON, have the Go arena's columns and keys."""
    assert arena("cron", "list") == (0, "", 'no crons in namespace "default" of the test\'s cluster\n')
    assert json.loads(arena("cron", "list", "-o", "json").out) == []
    arena("cron", "tf", *NIGHTLY, "--deadline", "2031-01-01T00:00:00+01:00", "--suspend", "x")
    listed = arena("cron", "ls").out.splitlines()
    assert [line.split() for line in listed] == [
        ["NAME", "TYPE", "SCHEDULE", "SUSPEND", "DEADLINE", "CONCURRENCYPOLICY"],
        ["nightly", "TFJob", "0", "2", "*", "*", "*", "true", "2030-12-31T23:00:00Z", "Allow"],
    ]
    assert arena("cron", "list", "-A").out.startswith("NAMESPACE  NAME")
    assert arena("cron", "list", "-o", "name").out == "nightly\n"
    page = arena("cron", "get", "nightly").out
    for line in ("Schedule:           0 2 * * *", "Suspend:            true", "History:"):
        assert line in page
    data = json.loads(arena("cron", "get", "nightly", "-o", "json").out)
    assert (data["type"], data["trainer"], data["suspend"], data["cronHistory"]) == (
        "TFJob",
        "tfjob",
        True,
        [],
    )


def test_suspend_and_resume(arena, stage):
    """Crons are suspended and resumed, several at once; those already in that state are reported."""
    for name in ("one", "two"):
        arena("cron", "job", "--schedule", "@daily", "--name", name, "--image", "i", "x")
    told = "using the test's cluster\n"
    assert arena("cron", "suspend", "one", "two") == (
        0,
        "cron one suspend success\ncron two suspend success\n",
        told,
    )
    assert stage.cluster.get(CRONJOBS, "default", "one")["spec"]["suspend"] is True
    assert arena("cron", "suspend", "one") == (0, "", f"{told}cron one is already suspended\n")
    assert arena("cron", "resume", "one") == (0, "cron one resume success\n", told)
    assert arena("cron", "resume", "one") == (0, "", f"{told}cron one is not suspended\n")


def test_delete(arena, stage):
    """Each name is tried; a missing one is exit 3, with the likely one."""
    arena("cron", "job", *NIGHTLY, "x")
    ended = arena("cron", "del", "nightli", "nightly")
    assert (ended.code, ended.out) == (3, "cron nightly deleted\n")
    assert "did you mean nightly?" in ended.err
    with pytest.raises(NotFound):
        stage.cluster.get(CRONJOBS, "default", "nightly")


def test_two_of_one_name(arena):
    """Where a Cron and a CronJob have the same name, -T chooses."""
    arena("cron", "job", *NIGHTLY, "x")
    arena("cron", "tf", *NIGHTLY, "x")
    code, out, err = arena("cron", "get", "nightly")
    assert (code, out) == (2, "")
    assert "choose with -T" in err
    assert "TFJob" in arena("cron", "get", "nightly", "-T", "tf").out


def test_other_cronjobs_are_left_alone(arena, stage):
    """CronJobs that arena did not make are housekeeping: not listed, not deleted."""
    pod = {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Never"}
    spec = {"schedule": "@daily", "jobTemplate": {"spec": {"template": {"spec": pod}}}}
    body = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "backup"}, "spec": spec}
    stage.cluster.create(CRONJOBS, "default", body)
    assert "no crons" in arena("cron", "list").err
    assert arena("cron", "delete", "backup").code == 3


def test_unknown_words(arena):
    """An unknown verb gets the likely one."""
    code, _, err = arena("cron", "resum")
    assert code == 2
    assert "did you mean resume?" in err


# ---- clusters that serve less


@pytest.fixture
def lean(stage, tmp_path, capsys) -> Iterator[object]:
    """`lean(*types)(*words)`: a command on a cluster that serves only these types of what starts jobs."""

    def of(*types):
        class Lean(Cluster):
            """The cluster, without some of its operators."""

            def serves(self, resource):
                return resource in types or (
                    resource.group != "apps.kubedl.io" and "cron" not in resource.plural
                )

            def knows(self, resource):
                return resource in types or not resource.field

        lean = object.__new__(Lean)
        lean.__dict__.update(stage.cluster.__dict__)

        def call(*words):
            capsys.readouterr()
            code = run(words, Globals(session=Fixed(lean, tmp_path)))
            return Ended(code, *capsys.readouterr())

        return call

    return of


@pytest.mark.parametrize(
    ("types", "kind", "words", "said"),
    [
        ((CRONJOBS,), "tfjob", (), "cannot start a TFJob on a schedule: it does not know Cron"),
        ((), "job", (), "cannot start a Job on a schedule"),
        ((CRONJOBS,), "job", ("--timezone", "UTC"), "--timezone: the CronJobs of the test's cluster"),
        ((CRONJOBS,), "job", ("--deadline", "2031-01-01T00:00:00Z"), "--deadline: the CronJobs of"),
    ],
)
def test_missing_operators(lean, types, kind, words, said):
    """If nothing can start the requested jobs, the error says so and what would work: exit 6."""
    ended = lean(*types)("cron", kind, *NIGHTLY, *words, "x")
    assert (ended.code, ended.out) == (6, "")
    assert said in ended.err
    assert "KubeDL" in ended.err


def test_crons_are_selected_by_their_labels(arena, stage):
    """`cron list -l` lists, and `cron delete -l` deletes, the crons with these labels and no others."""
    for name, team in (("a", "vision"), ("b", "speech")):
        words = ("--schedule", "@daily", "--name", name, "--image", "i", "x")
        assert arena("cron", "job", *words).code == 0
        change = {"metadata": {"labels": {"team": team}}}
        stage.cluster.patch(CRONJOBS, "default", name, change)
    assert arena("cron", "list", "-l", "team=vision", "-o", "name").out == "a\n"
    refused = arena("cron", "delete", "-l", "team=vision")
    assert (refused.code, "1 cron would be deleted" in refused.err) == (2, True)
    assert arena("cron", "delete", "-l", "team=vision", "-y").out == "cron a deleted\n"
    assert arena("cron", "list", "-o", "name").out == "b\n"
