"""Experiments and Trials for the tests of their operators."""

import copy
from typing import Any

from arena.local.operators.katib.kinds import EXPERIMENT_LABEL

PARAMETER = {"name": "lr", "parameterType": "double", "feasibleSpace": {"min": "0.01", "max": "0.1"}}
COMMAND = "echo loss=${trialParameters.lr}"
COMPLETE = 'status.conditions.#(type=="Complete")#|#(status=="True")#'
FAILED = 'status.conditions.#(type=="Failed")#|#(status=="True")#'


def pod(command: str, container: str = "main") -> dict[str, Any]:
    """The template of a pod that runs a line of shell."""
    one = {"name": container, "image": "none", "command": ["sh", "-c", command]}
    return {"spec": {"restartPolicy": "Never", "containers": [one]}}


def job(command: str = COMMAND, **spec: Any) -> dict[str, Any]:
    """A Job without a name that runs a line of shell."""
    spec = {"backoffLimit": 0, "template": pod(command), **spec}
    return {"apiVersion": "batch/v1", "kind": "Job", "spec": spec}


def template(run: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """A trialTemplate with the parameter lr."""
    parameters = [{"name": "lr", "description": "learning rate", "reference": "lr"}]
    made = {"primaryContainerName": "main", "trialParameters": parameters, "trialSpec": run or job()}
    return {**made, **fields}


def experiment(command: str = COMMAND, name: str = "hp", **spec: Any) -> dict[str, Any]:
    """An Experiment that minimizes the loss of Jobs which run `command`."""
    made = {
        "objective": {"type": "minimize", "objectiveMetricName": "loss"},
        "algorithm": {"algorithmName": "random"},
        "parallelTrialCount": 2,
        "maxTrialCount": 6,
        "parameters": [PARAMETER],
        "trialTemplate": template(job(command)),
        **spec,
    }
    return {"metadata": {"name": name}, "spec": copy.deepcopy(made)}


def trial(run: dict[str, Any], name: str = "hp-1", **spec: Any) -> dict[str, Any]:
    """A Trial of that job, as an Experiment makes one."""
    meta = {"name": name, "namespace": "default"}
    made = {
        "objective": {
            "type": "minimize",
            "objectiveMetricName": "loss",
            "metricStrategies": [{"name": "loss", "value": "min"}],
        },
        "parameterAssignments": [{"name": "lr", "value": "0.05"}],
        "primaryContainerName": "main",
        "successCondition": COMPLETE,
        "failureCondition": FAILED,
        "runSpec": {**run, "metadata": {**run.get("metadata", {}), **meta}},
        **spec,
    }
    return {"metadata": {"name": name, "labels": {EXPERIMENT_LABEL: "hp"}}, "spec": made}
