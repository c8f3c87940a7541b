"""Commands of users with few rights: what they may see is shown, and what is missing is said once."""

import json

import pytest
from local.operators.katib_manifests import experiment, job, trial
from screens import PYTORCHJOBS

from arena import labels
from arena.actions.jobs import object_names
from arena.kinds.sweeps.experiment import EXPERIMENTS, TRIALS
from arena.local.api.fault_injection import Fault

EVER = 1 << 30


def refuse(api, path, verb="list"):
    """Refuse requests whose path matches, in the words of RBAC."""
    message = f'x is forbidden: User "bob" cannot {verb} resource "x"'
    api.faults.append(Fault(path=path, code=403, message=message, times=EVER))


def few(api):
    """May read PyTorchJobs only."""
    refuse(api, "/(?!pytorchjobs)[a-z]+jobs|/jobs|/jobsets|/cronjobs|/crons")


def test_kinds_that_may_not_be_listed_are_named_in_one_line(arena, stage, api):
    """All of them together, in every verb that ranges over kinds."""
    stage.job("bert", "Running", labels={"team": "x"})
    few(api)
    for words in (("list",), ("top", "job"), ("adopt", "-l", "team=x"), ("delete", "-l", "team=x", "-y")):
        code, _, err = arena(*words)
        [warning] = [line for line in err.splitlines() if line.startswith("Warning: ")]
        assert code == 0
        assert warning.startswith("Warning: some jobs may be missing: you may not read ")
        named = set(warning.partition("may not read ")[2].split(", "))
        assert {"tfjobs", "mpijobs", "jobsets", "jobs"} <= named
        assert "pytorchjobs" not in named


@pytest.mark.parametrize(
    "words", [("get",), ("logs",), ("delete",), ("suspend",), ("rerun",), ("wait",)], ids=" ".join
)
def test_an_absent_job_is_not_found(arena, stage, api, words):
    """Who may read some kinds only hears that none of these has it, with exit 3, whatever the verb."""
    few(api)
    code, out, err = arena(*words, "gone")
    assert (code, out) == (3, "")
    [error] = [line for line in err.splitlines() if line.startswith("Error: ")]
    assert error.startswith(
        'Error: no job "gone" in namespace "default" among the kinds that you may read (not: '
    )
    assert "tfjobs" in error


def test_names_are_completed_from_the_kinds_that_can_be_read(stage, api):
    """TAB offers the jobs of the others where a kind is broken."""
    stage.job("bert")
    api.faults.append(Fault(path="/tfjobs", code=500, times=EVER))
    assert [name for _, name in object_names.names(stage.cluster, "default")] == ["bert"]


def test_the_wait_for_a_deletion_ends_where_the_job_is_gone(arena, api):
    """A job that this user could not have read is none that is waited for."""
    few(api)
    assert arena("wait", "gone", "--for", "deleted").code == 0


def test_a_broken_kind_may_have_the_job(arena, api):
    """Whether a job exists cannot be told while a kind is broken: exit 6, and why."""
    api.faults.append(Fault(path="/tfjobs", code=500, message="the webhook is dead", times=EVER))
    code, _, err = arena("get", "gone")
    assert code == 6
    assert "among the kinds that can be read (not: tfjobs): " in err
    assert "the webhook is dead" in err


@pytest.mark.parametrize("words", [("list",), ("top", "job"), ("prune", "--since", "1d"), ("data", "list")])
def test_a_user_of_one_namespace_is_told_to_omit_all(arena, stage, api, words):
    """-A of such a user says so, and no hint leads there."""
    refuse(api, r"^/api(s/[^/]+)?/v[^/]+/[a-z]+(\?|$)")
    code, out, err = arena(*words, "-A")
    assert (code, out) == (4, "")
    assert "in all namespaces" in err
    assert "Hint: omit -A, or ask for a ClusterRole that includes it\n" in err
    stage.job("bert")
    assert "Hint: arena list shows the jobs there are\n" in arena("get", "other").err


def test_discovery_that_is_refused(arena, api):
    """A user who may not ask what the cluster serves is told which role lets them."""
    refuse(api, "^/apis$")
    code, _, err = arena("list")
    assert code == 4
    assert "you may not read which types the test's cluster serves" in err
    assert "Hint: ask for the ClusterRole system:discovery\n" in err


def test_settings_of_the_administrator_that_may_not_be_read(arena, api, stage):
    """The submit goes on without them."""
    refuse(api, "/arena-config", "get")
    assert arena("submit", "pytorchjob", "--name", "bert", "--image", "i", "true").code == 0
    assert stage.cluster.get(PYTORCHJOBS, "default", "bert")


def test_a_refusal_after_a_submit(arena, api):
    """Who may submit and not watch hears that the job continues."""
    refuse(api, "/pods", "watch")
    code, out, err = arena("submit", "pytorchjob", "--name", "bert", "--image", "i", "--logs", "true")
    assert (code, out) == (4, "pytorchjob bert submitted\n")
    assert "the job continues; to end it, run: arena delete bert\n" in err


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_ended_jobs_whose_pods_may_not_be_listed(arena, stage, api, form):
    """prune shows their instances in these formats only, and says there that they are missing."""
    stage.job("bert", "Succeeded", labels=labels.common("bert", "pytorchjob"))
    refuse(api, "/pods")
    for words, told in ((("-o", form), True), ((), False)):
        code, out, err = arena("prune", "--since", "0s", "--dry-run", *words)
        assert (code, "bert" in out, "Warning: instances are missing: " in err) == (0, True, told)


def test_unknown_reasons_of_jobs_in_use(arena, stage, api):
    """top warns of them where it shows findings: in JSON and YAML."""
    stage.job("bert", "Running")
    refuse(api, "/events")
    for words, told in ((("-o", "json"), True), ((), False), (("-o", "wide"), False)):
        code, _, err = arena("top", "job", *words)
        assert (code, "Warning: reasons may be missing: " in err) == (0, told), words


def test_a_broken_kind_may_have_one_of_several_jobs(arena, stage, api):
    """The others are deleted all the same: every name is tried."""
    stage.job("bert")
    api.faults.append(Fault(path="/tfjobs", code=500, message="the webhook is dead", times=EVER))
    code, out, err = arena("delete", "gone", "bert")
    assert (code, out) == (6, "pytorchjob bert deleted\n")
    assert err.count("the webhook is dead") == 1


def test_numbers_of_trials_that_may_change_are_said(arena, stage, api):
    """Without the order of the trials, `sweep get` shows all, and says so if some began in one second."""
    what = {"apiVersion": "kubeflow.org/v1beta1"}
    stage.cluster.create(EXPERIMENTS, "default", {**what, "kind": "Experiment", **experiment()})
    refuse(api, "/suggestions", "get")

    def begin(name):
        stage.cluster.create(TRIALS, "default", {**what, "kind": "Trial", **trial(job(), name)})

    begin("hp-a")
    code, _, err = arena("sweep", "get", "hp")
    assert (code, "suggestions" in err) == (0, False), err
    for name in "bcdefghi":
        begin(f"hp-{name}")
    code, out, err = arena("sweep", "get", "hp", "-o", "json")
    assert (code, len(json.loads(out)["trials"])) == (0, 9), err
    assert "trials that began within the same second may have other numbers next time" in err
