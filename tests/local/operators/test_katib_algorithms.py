"""Searches by every algorithm of Katib, and what its users complain about, which does not happen here."""

import pytest
from katib_bed import helpers
from katib_manifests import experiment, job, template
from product import until

from arena.local.objects import JOBS, NAMESPACES, OBSERVATION_LOGS, Refused
from arena.local.operators.katib.kinds import EXPERIMENTS, SUGGESTIONS, TRIAL_LABEL, TRIALS

X = {"name": "x", "parameterType": "double", "feasibleSpace": {"min": "-1", "max": "1", "step": "0.125"}}
Y = {"name": "y", "parameterType": "double", "feasibleSpace": {"min": "-1", "max": "1", "step": "0.125"}}
EPOCHS = {"name": "epochs", "parameterType": "int", "feasibleSpace": {"min": "1", "max": "9"}}
SUM = "echo ${trialParameters.x} ${trialParameters.y} | awk '{print \"loss=\" $1*$1+$2*$2}'"
ALGORITHMS = {
    "random": {},
    "grid": {},
    "sobol": {},
    "tpe": {"n_EI_candidates": "8"},
    "multivariate-tpe": {"n_startup_trials": "3"},
    "cmaes": {"sigma": "0.5"},
}


def chosen(command, *names):
    """The template of trials that run a command with these parameters."""
    return template(job(command), trialParameters=[{"name": name, "reference": name} for name in names])


def algorithm(name, **settings):
    """An algorithm with its settings."""
    given = [{"name": one, "value": value} for one, value in settings.items()]
    return {"algorithmName": name, "algorithmSettings": given}


def assignments(trial):
    """The values of a trial's parameters."""
    return {one["name"]: one["value"] for one in trial["spec"]["parameterAssignments"]}


@pytest.mark.parametrize("name", ALGORITHMS)
def test_algorithms(sweeps, name):
    """Every algorithm finds as many different sets of parameters as it is asked for (Katib #842, #1039)."""
    sweeps.start(
        parameters=[X, Y], trialTemplate=chosen(SUM, "x", "y"), maxTrialCount=8, parallelTrialCount=3,
        algorithm=algorithm(name, random_state="3", **ALGORITHMS[name]),
    )  # fmt: skip
    assert sweeps.ended()["reason"] == "ExperimentMaxTrialsReached"
    found = [assignments(one) for one in sweeps.trials()]
    assert len({tuple(sorted(one.items())) for one in found}) == len(found) == 8
    best = sweeps.status()["currentOptimalTrial"]
    values = {one["name"]: float(one["value"]) for one in best["parameterAssignments"]}
    assert float(best["observation"]["metrics"][0]["min"]) == pytest.approx(
        values["x"] ** 2 + values["y"] ** 2, rel=1e-4
    )


def test_hyperband(sweeps):
    """Hyperband gives more epochs to better sets, and waits for results without getting stuck.

    It works together with early stopping (Katib #690, #1389).
    """
    sweeps.start(
        parameters=[X, EPOCHS], maxTrialCount=13, parallelTrialCount=3,
        trialTemplate=chosen("echo loss=${trialParameters.x} ${trialParameters.epochs}", "x", "epochs"),
        algorithm=algorithm("hyperband", r_l="9", resource_name="epochs", random_state="1"),
        earlyStopping={"algorithmName": "medianstop"},
    )  # fmt: skip
    assert sweeps.ended()["type"] == "Succeeded"
    assert len({assignments(one)["epochs"] for one in sweeps.trials()}) > 1


def test_a_grid_that_is_smaller_than_asked_for(sweeps):
    """A grid with fewer sets than trials ends with all of them tried once (Katib #1494, #1534)."""
    space = {"name": "x", "parameterType": "int", "feasibleSpace": {"min": "1", "max": "5"}}
    sweeps.start(
        parameters=[space], maxTrialCount=50, parallelTrialCount=4, algorithm=algorithm("grid"),
        trialTemplate=chosen("echo loss=${trialParameters.x}", "x"),
    )  # fmt: skip
    assert sweeps.ended()["reason"] == "ExperimentSuggestionEndReached"
    assert sorted(assignments(one)["x"] for one in sweeps.trials()) == ["1", "2", "3", "4", "5"]


def test_the_first_trial_fails(sweeps, tmp_path):
    """An experiment whose first trials fail goes on (Katib #1416, #1428, #1542)."""
    seen = tmp_path / "seen"
    seen.mkdir()
    script = (
        f"n=$(ls {seen} | wc -l); touch {seen}/$KATIB_TRIAL_NAME; "
        "if [ $n = 0 ]; then exit 1; elif [ $n = 1 ]; then exit 0; fi; echo loss=${trialParameters.lr}"
    )
    sweeps.start(script, maxTrialCount=5, parallelTrialCount=1, algorithm=algorithm("random"))
    assert sweeps.ended()["reason"] == "ExperimentMaxTrialsReached"
    status = sweeps.status()
    counts = (status["trialsSucceeded"], status["trialsFailed"], status["trialMetricsUnavailable"])
    assert counts == (3, 1, 1)


def test_a_namespace_without_labels(sweeps):
    """Metrics are collected in every namespace, whatever its labels (Katib #1801, #1795, #1082)."""
    sweeps.api.create(NAMESPACES, {"metadata": {"name": "team"}})
    sweeps.api.create(EXPERIMENTS, experiment(maxTrialCount=2), "team")
    until(lambda: _status(sweeps, "team").get("trialsSucceeded") == 2)


def _status(sweeps, namespace):
    return sweeps.api.get(EXPERIMENTS, "hp", namespace).get("status") or {}


def test_output_without_jobs(sweeps):
    """Jobs and pods are gone, and what the trials printed is not (Katib #708, #971)."""
    sweeps.start("echo hello; echo loss=${trialParameters.lr}", maxTrialCount=2)
    sweeps.ended()
    until(lambda: not sweeps.api.list(JOBS, "default"))
    for one in sweeps.trials():
        name = one["metadata"]["name"]
        (log,) = sweeps.api.list(OBSERVATION_LOGS, "default", f"{TRIAL_LABEL}={name}")
        assert log["status"]["output"][0]["text"].startswith("hello\nloss=")
        uid = log["metadata"]["name"]
        run = until(lambda uid=uid: sweeps.node.run(uid, "main", 0))
        assert "hello" in run.read_text("utf-8")


def test_stopping_a_search(sweeps):
    """A search that may run fewer trials ends with all results that it has (Katib #934)."""
    sweeps.start("sleep 0.2; echo loss=${trialParameters.lr}", maxTrialCount=100, parallelTrialCount=2)
    until(lambda: sweeps.status().get("trialsSucceeded", 0) >= 3)
    most = sweeps.status()["trials"] + 2
    sweeps.api.patch(EXPERIMENTS, "hp", {"spec": {"maxTrialCount": most}}, "default")
    sweeps.ended()
    assert sweeps.status()["trialsSucceeded"] == len(sweeps.trials()) == most


def test_fewer_at_once(sweeps, tmp_path):
    """When fewer trials may run at once, those that run are left to end."""
    go = tmp_path / "go"
    sweeps.start(
        f"while [ ! -e {go} ]; do sleep 0.02; done; echo loss=${{trialParameters.lr}}",
        maxTrialCount=6, parallelTrialCount=4,
    )  # fmt: skip
    until(lambda: sweeps.status().get("trialsRunning") == 4)
    sweeps.api.patch(EXPERIMENTS, "hp", {"spec": {"parallelTrialCount": 1}}, "default")
    go.touch()
    sweeps.ended()
    assert sweeps.status()["trialsSucceeded"] == 6


def test_a_deleted_experiment(sweeps):
    """With an experiment go its trials, their jobs and the process that searches (Katib #1778)."""
    sweeps.start("sleep 1000 # ${trialParameters.lr}")
    until(lambda: sweeps.status().get("trialsRunning") == 2 and helpers())
    sweeps.api.delete(EXPERIMENTS, "hp", "default")
    until(lambda: not helpers() and not sweeps.api.list(JOBS, "default"))
    assert sweeps.api.list(TRIALS, "default") == sweeps.api.list(SUGGESTIONS, "default") == []


def test_a_killed_process(sweeps):
    """The process that searches may be killed at any time; the search goes on and repeats nothing."""
    sweeps.start("sleep 0.1; echo loss=${trialParameters.lr}", maxTrialCount=8, algorithm=algorithm("tpe"))
    for number in (1, 3, 5):
        until(lambda number=number: sweeps.status().get("trialsSucceeded", 0) >= number)
        for one in helpers():
            one.kill()
    sweeps.ended()
    assert len({assignments(one)["lr"] for one in sweeps.trials()}) == 8


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (algorithm("tpes"), 'Unsupported value: "tpes"'),
        (algorithm("tpe", gama="0.1"), 'tpe has no setting "gama"'),
        (algorithm("cmaes", sigma="big"), "sigma"),
        (algorithm("cmaes"), "cmaes needs at least two parameters with a range of numbers"),
        (algorithm("grid"), "grid needs a step for lr"),
        (algorithm("hyperband"), "hyperband needs the setting"),
        (algorithm("pbt"), 'Unsupported value: "pbt"'),
    ],
    ids=["name", "setting", "value", "space", "step", "resource", "population"],
)  # fmt: skip
def test_wrong_settings(api, settings, told):
    """What the search cannot do is refused before anything runs, and not when it begins."""
    with pytest.raises(Refused) as caught:
        api.create(EXPERIMENTS, experiment(algorithm=settings), "default")
    assert told in caught.value.message


def test_a_mark_in_the_status(sweeps):
    """A search whose status says that it has ended starts no more trials, and goes on without that mark.

    Katib has no other way to pause a search.
    """
    sweeps.start("sleep 0.1; echo loss=${trialParameters.lr}", maxTrialCount=8, resumePolicy="LongRunning")
    until(lambda: sweeps.status().get("trialsSucceeded", 0) >= 2)
    before = sweeps.status()["conditions"]
    mark = {"type": "Succeeded", "status": "True", "reason": "Paused", "message": "paused"}
    sweeps.api.patch(EXPERIMENTS, "hp", {"status": {"conditions": [*before, mark]}}, "default", "status")
    until(lambda: not sweeps.status()["trialsRunning"] and not helpers())
    number = sweeps.status()["trials"]
    assert number < 8
    sweeps.api.patch(EXPERIMENTS, "hp", {"status": {"conditions": before}}, "default", "status")
    assert sweeps.ended()["reason"] == "ExperimentMaxTrialsReached"
    assert sweeps.status()["trialsSucceeded"] == 8
    assert len({assignments(one)["lr"] for one in sweeps.trials()}) == 8
