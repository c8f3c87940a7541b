"""Plain jobs on a schedule, by whatever CronJobs a real cluster has."""

import json

import pytest
from field import RUNS, Field
from product import until

from arena.kinds.cron import CRONS, ZONED
from arena.resources import SECRETS

pytestmark = pytest.mark.cluster

RUN = ("cron", "job", "--name", "tick", "--schedule", "@every 10s", *RUNS)


def runs(ground: Field) -> list[dict[str, str]]:
    """The runs, the newest first."""
    found: list[dict[str, str]] = json.loads(ground.admin.must("cron", "get", "tick", "-o", "json"))[
        "cronHistory"
    ]
    return found


def ended(ground: Field, status: str) -> list[str]:
    """The names of the runs that ended so."""
    return [run["name"] for run in runs(ground) if run["status"] == status]


def test_life_of_a_cron(ground: Field):
    """A schedule starts real pods that read its Secret; it is listed, suspended, resumed and deleted."""
    ground.admin.must(*RUN, "--secret", "WORD=hello", 'echo "$WORD"')
    assert "@every 10s" in ground.admin.must("cron", "list")
    until(lambda: ended(ground, "Succeeded"), 90, "a run that succeeded")
    run = ended(ground, "Succeeded")[0]
    assert run in ground.admin.must("list", "-T", "job", "-o", "name").split()
    assert ground.admin.must("logs", run) == "hello\n"
    assert ground.admin.must("cron", "suspend", "tick") == "cron tick suspend success\n"
    assert json.loads(ground.admin.must("cron", "list", "-o", "json"))[0]["suspend"] is True
    assert ground.admin.must("cron", "resume", "tick") == "cron tick resume success\n"
    assert ground.admin.must("cron", "delete", "tick") == "cron tick deleted\n"
    until(lambda: ground.gone(SECRETS, "tick-env"), 60, "its Secret is gone")
    until(lambda: "tick" not in ground.admin.must("list", "-o", "name"), 60, "its runs are gone")


def test_a_run_that_fails(ground: Field):
    """A failed run is distinguished, with its reason."""
    ground.admin.must(*RUN, "exit 3")
    until(lambda: ended(ground, "Failed"), 90, "a run that failed")
    run = ended(ground, "Failed")[0]
    assert json.loads(ground.admin.must("get", run, "-o", "json"))["reason"] == "exit code 3 on worker-0"


def test_what_an_old_cluster_cannot(ground: Field):
    """Where CronJobs do not support time zones, and nothing starts other kinds, the error says so: exit 6."""
    if ground.kube.serves(CRONS):
        pytest.skip("the cluster has KubeDL's Crons")
    code, _, err = ground.admin.run("cron", "pytorchjob", *RUN[2:], "true")
    assert (code, "cannot start a PyTorchJob on a schedule" in err) == (6, True)
    if not ground.kube.serves(ZONED):
        code, _, err = ground.admin.run(*RUN, "--timezone", "UTC", "true")
        assert (code, "do not support time zones" in err) == (6, True)


def test_evaluation(ground: Field):
    """An evaluation runs as a plain job and has a list of its own."""
    words = ("--name", "e", "--model-name", "bert", *RUNS, "--wait", 'echo "$MODEL_NAME"')
    ground.admin.must("evaluate", "model", *words)
    (found,) = json.loads(ground.admin.must("evaluate", "list", "-o", "json"))
    assert (found["modelName"], found["status"]) == ("bert", "Complete")
    assert ground.admin.must("logs", "e") == "bert\n"
