"""Experiments of Katib and their Trials, as sweeps: ours and those of other tools."""

import math
from typing import Any

import pytest

from arena.kinds.sweeps import holes, reading
from arena.model.jobs import Phase
from arena.model.sweeps import Point


def experiment(*conditions: tuple[str, str], **spec: Any) -> dict[str, Any]:
    """An Experiment that somebody created with kubectl, with these conditions and their reasons."""
    return {
        "apiVersion": "kubeflow.org/v1beta1",
        "kind": "Experiment",
        "metadata": {
            "name": "hp",
            "namespace": "team",
            "creationTimestamp": "2030-01-01T10:00:00Z",
            "uid": "u",
        },
        "spec": {
            "objective": {"type": "minimize", "goal": 0.01, "objectiveMetricName": "loss"},
            "algorithm": {"algorithmName": "tpe", "algorithmSettings": [{"name": "gamma", "value": "0.2"}]},
            "parameters": [
                {"name": "lr", "parameterType": "double", "feasibleSpace": {"min": "0.0001", "max": "0.1"}},
                {"name": "opt", "parameterType": "categorical", "feasibleSpace": {"list": ["sgd", "1"]}},
                {"name": "odd", "parameterType": "double", "feasibleSpace": {"min": "low"}},
            ],
            "parallelTrialCount": 2,
            "maxTrialCount": 10,
            "trialTemplate": {
                "trialParameters": [
                    {"name": "learningRate", "reference": "lr"},
                    {"name": "who", "reference": "${trialSpec.Name}"},
                ],
                "trialSpec": {
                    "apiVersion": "kubeflow.org/v1",
                    "kind": "PyTorchJob",
                    "spec": {"x": ["--lr=${trialParameters.learningRate} --out=${trialParameters.who}"]},
                },
            },
            **spec,
        },
        "status": {
            "completionTime": "2030-01-01T11:00:00Z",
            "conditions": [
                {"type": one, "status": "True", "reason": reason, "message": f"it {reason}"}
                for one, reason in conditions
            ],
        },
    }


def trial(name: str, *conditions: str, **metrics: dict[str, str]) -> dict[str, Any]:
    """A Trial with these conditions and metrics."""
    return {
        "metadata": {"name": name, "namespace": "team", "creationTimestamp": "2030-01-01T10:01:00Z"},
        "spec": {
            "parameterAssignments": [{"name": "lr", "value": "0.010"}, {"name": "opt", "value": "1"}],
            "objective": {"type": "minimize", "objectiveMetricName": "loss"},
        },
        "status": {
            "startTime": "2030-01-01T10:01:00Z",
            "completionTime": "2030-01-01T10:02:00Z",
            "conditions": [{"type": one, "status": "True", "message": "it ended"} for one in conditions],
            "observation": {"metrics": [{"name": name, **one} for name, one in metrics.items()]},
        },
    }


def one(obj: dict[str, Any]) -> Any:
    return reading.sweep(obj, lambda job: "pytorchjob")


def trials(*found: dict[str, Any], **spec: Any) -> Any:
    return reading.trials(experiment(**spec), found, lambda job: "pytorchjob")


def test_trials_of_one_second_have_the_order_of_their_suggestions():
    """Trials that began within the same second are numbered as they were suggested; unknown ones follow."""
    early = trial("hp-z")
    early["metadata"]["creationTimestamp"] = "2030-01-01T10:00:59Z"
    there = [trial("hp-a"), trial("hp-b"), trial("hp-c"), early]
    order = reading.suggested({"status": {"suggestions": [{"name": "hp-c"}, {"name": "hp-b"}]}})
    made = reading.trials(experiment(), there, lambda job: "pytorchjob", order)
    assert [(one.number, one.name) for one in made] == [(1, "hp-z"), (2, "hp-c"), (3, "hp-b"), (4, "hp-a")]
    assert [one.name for one in trials(*there)] == ["hp-z", "hp-a", "hp-b", "hp-c"]
    assert reading.suggested({}) == ()


def test_an_experiment_of_another_tool_is_a_sweep():
    """What others created is read like ours; a parameter that nobody can read is left out."""
    found = one(experiment(("Running", "ExperimentRunning")))
    assert (found.name, found.namespace, found.kind, found.type) == ("hp", "team", "pytorchjob", "PyTorchJob")
    assert (found.algorithm, found.settings, found.ours) == ("tpe", {"gamma": "0.2"}, False)
    assert (found.max_trials, found.parallel, found.max_failed) == (10, 2, None)
    [goal] = found.objectives
    assert (goal.metric, goal.maximize, goal.goal) == ("loss", False, 0.01)
    assert [each.name for each in found.parameters] == ["lr", "opt"]
    assert (found.phase, found.ended) == (Phase.RUNNING, None)


@pytest.mark.parametrize(
    ("conditions", "phase", "reason"),
    [
        ([], Phase.PENDING, ""),
        ([("Created", "ExperimentCreated")], Phase.PENDING, ""),
        ([("Created", ""), ("Running", "ExperimentRunning")], Phase.RUNNING, ""),
        ([("Restarting", "ExperimentRestarting")], Phase.RESTARTING, ""),
        ([("Succeeded", "ExperimentMaxTrialsReached")], Phase.SUCCEEDED, ""),
        ([("Succeeded", "ExperimentGoalReached")], Phase.SUCCEEDED, "the goal was reached"),
        ([("Succeeded", "ExperimentSuggestionEndReached")], Phase.SUCCEEDED, "all combinations were tried"),
        ([("Succeeded", "ExperimentStopped")], Phase.SUCCEEDED, "it was stopped"),
        ([("Succeeded", "ExperimentPaused")], Phase.SUSPENDED, "it is paused"),
        ([("Failed", "ExperimentFailed")], Phase.FAILED, "it ExperimentFailed"),
    ],
    ids=["none", "created", "running", "restarting", "most", "goal", "end", "stopped", "paused", "failed"],
)
def test_phases(conditions, phase, reason):
    """The phase of a sweep follows from the conditions, and the reason from how it ended."""
    found = one(experiment(*conditions))
    assert (found.phase, found.reason) == (phase, reason)


@pytest.mark.parametrize(
    ("conditions", "status", "reason"),
    [
        ((), "PENDING", ""),
        (("Created",), "PENDING", ""),
        (("Created", "Running"), "RUNNING", ""),
        (("Succeeded",), "SUCCEEDED", ""),
        (("Failed",), "FAILED", "it ended"),
        (("Killed",), "STOPPED", "it was stopped"),
        (("EarlyStopped",), "STOPPED", "it was stopped early"),
        (("MetricsUnavailable",), "FAILED", "it reported no value of loss"),
    ],
    ids=["none", "created", "running", "succeeded", "failed", "killed", "early", "unavailable"],
)
def test_trials_have_states(conditions, status, reason):
    """A trial without its metric has failed, and one that was stopped has not."""
    [found] = trials(trial("hp-1", *conditions))
    assert (found.status, found.reason) == (status, reason)


def test_values_have_the_types_of_their_parameters():
    """Values of a trial are numbers or texts, as its parameters say."""
    [found] = trials(trial("hp-1", "Succeeded", loss={"min": "0.1", "max": "0.9", "latest": "0.5"}))
    assert found.assignments == {"lr": 0.01, "opt": 1}
    assert (found.metrics, found.kind, found.job) == ({"loss": 0.1}, "pytorchjob", "hp-1")


@pytest.mark.parametrize(
    ("way", "value"), [("max", 0.9), ("latest", 0.5), ("min", 0.1)], ids=["max", "latest", "min"]
)
def test_results_follow_the_strategy(way, value):
    """The strategy of the experiment says which value counts; the latest stands in for a missing one."""
    made = trial("hp-1", "Succeeded", loss={"min": "0.1", "max": "0.9", "latest": "0.5"})
    made["spec"]["objective"]["metricStrategies"] = [{"name": "loss", "value": way}]
    assert trials(made)[0].metrics == {"loss": value}
    text = trial("hp-1", "Succeeded", loss={"min": "unavailable", "max": "unavailable", "latest": "0.5"})
    assert trials(text)[0].metrics == {"loss": 0.5}
    assert trials(trial("hp-1", "Succeeded", loss={"latest": "unavailable"}))[0].metrics == {}


def test_trials_are_numbered_by_creation():
    """Trials are counted in the order of their creation, those of one second by name."""
    late = trial("hp-a")
    late["metadata"]["creationTimestamp"] = "2030-01-01T10:05:00Z"
    found = trials(late, trial("hp-c"), trial("hp-b"))
    assert [(each.number, each.name) for each in found] == [(1, "hp-b"), (2, "hp-c"), (3, "hp-a")]


def test_values_while_a_trial_runs():
    """On the local cluster, a running trial has the values that it reported so far, NaN among them."""
    [found] = trials(trial("hp-1", "Running"))
    values = [{"time": "t", "value": text} for text in ("0.9", "0.4", "nan", "0.6")]
    log = {"status": {"metrics": [{"name": "loss", "values": values}]}}
    seen = reading.observed(found, [log], one(experiment()))
    assert [point.step for point in seen.points] == [0, 1, 2, 3]
    assert seen.points[1] == Point("loss", 1, 0.4)
    assert math.isnan(seen.points[2].value)
    assert seen.metrics == {"loss": 0.4}


def test_the_job_of_a_trial_is_made_of_the_template():
    """Values go where the template has holes, by the names that it gives them."""
    made = holes.trial_job(experiment(), {"lr": 0.01, "opt": "sgd"}, "best")
    assert made["spec"] == {"x": ["--lr=0.01 --out=best"]}
    assert made["metadata"] == {"name": "best", "namespace": "team"}
    assert holes.trial_job({"metadata": {}, "spec": {}}, {}, "best") == {}
