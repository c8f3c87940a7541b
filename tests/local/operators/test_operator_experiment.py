"""Experiments on the real node: whole searches, with real jobs and the process that computes suggestions."""

import pytest
from katib_bed import helpers
from katib_manifests import job, template
from product import until

from arena.local.objects import EVENTS, JOBS, OBSERVATION_LOGS, PODS
from arena.local.operators.katib.kinds import EXPERIMENT_LABEL, EXPERIMENTS, SUGGESTIONS


def test_a_search(sweeps):
    """A search runs as many trials as it may, and names the best; its jobs are gone, its metrics are not."""
    sweeps.start()
    told = sweeps.ended()
    assert (told["type"], told["reason"]) == ("Succeeded", "ExperimentMaxTrialsReached")
    status, trials = sweeps.status(), sweeps.trials()
    assert (status["trials"], status["trialsSucceeded"], len(trials)) == (6, 6, 6)
    assert sorted(status["succeededTrialList"]) == sorted(one["metadata"]["name"] for one in trials)
    assert "failedTrialList" not in status
    values = {one["metadata"]["name"]: one["spec"]["parameterAssignments"][0]["value"] for one in trials}
    assert all(0.01 <= float(value) <= 0.1 for value in values.values())
    assert len(set(values.values())) == 6
    best = min(values.values(), key=float)
    assert status["currentOptimalTrial"]["parameterAssignments"] == [{"name": "lr", "value": best}]
    assert values[status["currentOptimalTrial"]["bestTrialName"]] == best
    metric = {"name": "loss", "min": best, "max": best, "latest": best}
    assert status["currentOptimalTrial"]["observation"] == {"metrics": [metric]}
    assert status["completionTime"] >= status["startTime"]
    assert sweeps.api.list(JOBS, "default") == []
    assert len(sweeps.api.list(OBSERVATION_LOGS, "default", f"{EXPERIMENT_LABEL}=hp")) == 6


def test_the_program_ends_with_the_search(sweeps):
    """One process computes the suggestions of an Experiment, and is gone with it."""
    sweeps.start("sleep 0.2; echo loss=${trialParameters.lr}", maxTrialCount=4)
    until(lambda: len(helpers()) == 1)
    sweeps.end()
    until(lambda: not helpers())
    last = sweeps.api.get(SUGGESTIONS, "hp", "default")["status"]
    until(
        lambda: (
            sweeps.api.get(SUGGESTIONS, "hp", "default")["status"]["conditions"][-1]["type"] == "Succeeded"
        )
    )
    assert last["suggestionCount"] >= 4


def test_one_failure_stops_no_other(sweeps):
    """Trials that fail are counted with their reasons, and the others go on."""
    script = (
        'case "${trialParameters.lr}" in *[02468]) echo "ValueError: odd" >&2; exit 3;; '
        "*) echo loss=${trialParameters.lr};; esac"
    )
    sweeps.start(script, maxTrialCount=12, parallelTrialCount=4)
    assert sweeps.ended()["reason"] == "ExperimentMaxTrialsReached"
    status = sweeps.status()
    failed = {one["metadata"]["name"]: one for one in sweeps.trials() if _is_even(one)}
    assert set(status.get("failedTrialList", [])) == set(failed)
    assert status["trialsSucceeded"] + status["trialsFailed"] == 12
    for one in failed.values():
        last = one["status"]["conditions"][-1]
        assert last["reason"] == "TrialFailed. Job reason: BackoffLimitExceeded"
        assert "Its last output was: ValueError: odd" in last["message"]
        told = [
            each["message"] for each in sweeps.api.list(EVENTS, "default") if each["reason"] == "TrialFailed"
        ]
        assert last["message"] in told


def _is_even(trial):
    return trial["spec"]["parameterAssignments"][0]["value"][-1] in "02468"


def test_too_many_failures(sweeps):
    """An experiment fails once as many trials have failed as it allows, as with Katib 0.19."""
    sweeps.start("exit 1 # ${trialParameters.lr}", maxTrialCount=20, maxFailedTrialCount=2)
    told = sweeps.ended()
    assert (told["type"], told["reason"]) == ("Failed", "ExperimentFailed")
    assert told["message"] == "Experiment has failed because max failed count has reached"
    assert 2 <= sweeps.status()["trialsFailed"] <= 4


def test_goal(sweeps):
    """An experiment ends once a trial reaches its goal."""
    sweeps.start(
        maxTrialCount=100, objective={"type": "maximize", "objectiveMetricName": "loss", "goal": 0.05}
    )
    assert sweeps.ended()["reason"] == "ExperimentGoalReached"
    best = sweeps.status()["currentOptimalTrial"]["observation"]["metrics"][0]["max"]
    assert float(best) >= 0.05
    assert sweeps.status()["trials"] < 100


def test_a_small_space(sweeps):
    """A search ends when nothing is left to try, and tries nothing twice."""
    space = {"name": "lr", "parameterType": "discrete", "feasibleSpace": {"list": ["1", "2", "3"]}}
    sweeps.start(parameters=[space], maxTrialCount=10)
    assert sweeps.ended()["reason"] == "ExperimentSuggestionEndReached"
    values = [one["spec"]["parameterAssignments"][0]["value"] for one in sweeps.trials()]
    assert sorted(values) == ["1", "2", "3"]


@pytest.mark.parametrize("parallel", [1, 3])
def test_never_too_many(sweeps, tmp_path, parallel):
    """No more trials run at once than allowed, and as many as allowed do."""
    full, folder = tmp_path / "full", tmp_path / "running"
    folder.mkdir()
    script = (
        f"touch {folder}/$KATIB_TRIAL_NAME; while [ ! -e {full} ]; do sleep 0.02; "
        f"if [ $(ls {folder} | wc -l) -ge {parallel} ]; then touch {full}; fi; done; sleep 0.1; "
        f"n=$(ls {folder} | wc -l); rm {folder}/$KATIB_TRIAL_NAME; echo loss=$n # ${{trialParameters.lr}}"
    )
    sweeps.start(script, maxTrialCount=9, parallelTrialCount=parallel)
    sweeps.ended()
    numbers = [int(one["status"]["observation"]["metrics"][0]["latest"]) for one in sweeps.trials()]
    assert max(numbers) <= parallel
    assert full.exists()


def test_retained(sweeps):
    """Jobs and pods stay if the template says so."""
    sweeps.start(trialTemplate=template(job(), retain=True), maxTrialCount=2)
    sweeps.ended()
    assert len(sweeps.api.list(JOBS, "default")) == len(sweeps.api.list(PODS, "default")) == 2


def test_resumed(sweeps):
    """A search that may resume goes on when it may run more trials, and keeps what it has."""
    sweeps.start(maxTrialCount=2, resumePolicy="LongRunning")
    sweeps.ended()
    before = {one["metadata"]["uid"] for one in sweeps.trials()}
    sweeps.api.patch(EXPERIMENTS, "hp", {"spec": {"maxTrialCount": 5}}, "default")
    until(lambda: sweeps.status()["trialsSucceeded"] == 5)
    assert sweeps.ended()["reason"] == "ExperimentMaxTrialsReached"
    assert before < {one["metadata"]["uid"] for one in sweeps.trials()}
    assert len({one["spec"]["parameterAssignments"][0]["value"] for one in sweeps.trials()}) == 5


def test_jobs_that_delete_themselves(sweeps):
    """A job with a time to live of no seconds stays until its trial has read how it ended."""
    sweeps.start(trialTemplate=template(job(ttlSecondsAfterFinished=0), retain=True), maxTrialCount=2)
    sweeps.ended()
    assert sweeps.status()["trialsSucceeded"] == 2
