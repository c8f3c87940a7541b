"""Experiments of Katib: what is sent for a sweep, judged by Katib's own OpenAPI document."""

import json
from typing import Any

import jsonschema
import pytest
from experiment_lines import ABLE, COMMAND, KATIBS, SPACE, SPACES
from reduction import FOLDER

DOCUMENT = FOLDER / "katib.v1beta1.openapi.json"


def strict() -> dict[str, Any]:
    """The schemas of Katib's document, in which unknown fields are faults."""
    schemas = json.loads(DOCUMENT.read_text("utf-8"))["components"]["schemas"]
    for name, schema in schemas.items():
        if "properties" in schema and name != "v1.ObjectMeta":
            schema["additionalProperties"] = False
    return schemas


def faults(obj: dict[str, Any]) -> list[str]:
    """What Katib's document refuses in an Experiment."""
    if not DOCUMENT.exists():
        pytest.skip(f"NOT JUDGED: there is no {DOCUMENT}; set ARENA_CRDS")
    schema = {"$ref": "#/components/schemas/v1beta1.Experiment", "components": {"schemas": strict()}}
    checker = jsonschema.Draft4Validator(schema)
    return [f"{error.json_path}: {error.message}" for error in checker.iter_errors(obj)]


@pytest.mark.parametrize("name", KATIBS)
def test_algorithms_are_valid(experiment, name):
    """The Experiment of every algorithm that Katib has is what its document describes, strictly."""
    made = experiment("job", "--algorithm", name, *SPACES.get(name, SPACE), COMMAND)
    assert made["spec"]["algorithm"]["algorithmName"] == name
    assert faults(made) == []


@pytest.mark.parametrize("name", ABLE)
def test_kinds_are_valid(experiment, name):
    """The Experiment of every kind of job that Katib can run is valid, with all options."""
    words = ("--metric", "loss:min", "--goal", "0.99", "--early-stop", "median", "--seed", "7", "--resumable")
    made = experiment(
        name, *SPACE, *words, "--metrics-file", "/logs/metrics.jsonl", "--algorithm", "tpe", COMMAND
    )
    assert faults(made) == []


def test_the_document_refuses():
    """The check finds a misspelt field and a wrong type, so its silence means something."""
    bad = {"apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment", "spec": {"maxTrialsCount": 3}}
    assert len(faults(bad)) == 1
    assert len(faults({**bad, "spec": {"maxTrialCount": "3"}})) == 1


def test_values_of_parameters_are_texts(experiment):
    """All values of a feasible space are texts, and floats are exact."""
    made = experiment("job", *SPACE, COMMAND)["spec"]["parameters"]
    assert made == [
        {
            "name": "lr",
            "parameterType": "double",
            "feasibleSpace": {"min": "1e-05", "max": "0.1", "distribution": "logUniform"},
        },
        {"name": "layers", "parameterType": "int", "feasibleSpace": {"min": "1", "max": "8"}},
    ]


@pytest.mark.parametrize(
    ("shell", "command"),
    [
        ((), ["sh", "-c", "train --lr ${trialParameters.lr} --layers=${trialParameters.layers}"]),
        (
            ("--shell", "bash"),
            ["bash", "-c", "train --lr ${trialParameters.lr} --layers=${trialParameters.layers}"],
        ),
        (
            ("--shell", "/bin/bash"),
            [
                "sh",
                "-c",
                "exec /bin/bash -c 'train --lr ${trialParameters.lr} --layers=${trialParameters.layers}'",
            ],
        ),
    ],
    ids=["sh", "bash", "path"],
)
def test_commands_survive_katibs_wrapping(experiment, shell, command):
    """Katib joins the words of a command, so it is always a script for sh or bash."""
    made = experiment("job", *SPACE, *shell, "train --lr {lr} --layers={layers}")
    [container] = made["spec"]["trialTemplate"]["trialSpec"]["spec"]["template"]["spec"]["containers"]
    assert container["command"] == command


def test_values_with_blanks_are_quoted(experiment):
    """A value with blanks stays one word of the command."""
    made = experiment("job", "--param", 'opt=adam,"sgd fast"', "train --opt {opt}")
    spec = made["spec"]["trialTemplate"]["trialSpec"]
    line = spec["spec"]["template"]["spec"]["containers"][0]["command"][2]
    assert line == "train --opt '${trialParameters.opt}'"


@pytest.mark.parametrize(
    ("kind", "words", "told"),
    [
        ("job", (), ("main", None, None)),
        ("job", ("--workers", "2"), ("main", {"batch.kubernetes.io/job-completion-index": "0"}, None)),
        ("pytorchjob", ("--workers", "2"), ("pytorch", None, None)),
        ("tfjob", ("--workers", "2"), ("tensorflow", None, None)),
        ("xgboostjob", (), ("xgboost", None, None)),
        ("trainjob", (), ("node", None, None)),
        ("mpijob", (), ("mpi", {"training.kubeflow.org/job-role": "launcher"}, "Succeeded")),
        ("jaxjob", (), ("jax", {"training.kubeflow.org/job-role": "master"}, "Succeeded")),
    ],
    ids=["job", "indexed-job", "pytorchjob", "tfjob", "xgboostjob", "trainjob", "mpijob", "jaxjob"],
)
def test_what_katib_has_to_know_of_a_job(experiment, kind, words, told):
    """Katib learns the main container, and what it does not assume of the chief and of the end."""
    template = experiment(kind, *SPACE, *words, COMMAND)["spec"]["trialTemplate"]
    container, chief, end = told
    assert (template["primaryContainerName"], template.get("primaryPodLabels")) == (container, chief)
    assert ("successCondition" in template, "failureCondition" in template) == (bool(end),) * 2
    assert template["retain"] is True
    assert not {"name", "namespace"} & template["trialSpec"]["metadata"].keys()


@pytest.mark.parametrize(
    ("words", "collector"),
    [
        ((), {"collector": {"kind": "StdOut"}}),
        (
            ("--metrics-file", "/l/m.log"),
            {
                "collector": {"kind": "File"},
                "source": {"fileSystemPath": {"path": "/l/m.log", "kind": "File", "format": "TEXT"}},
            },
        ),
        (
            ("--metrics-file", "/l/m.jsonl"),
            {
                "collector": {"kind": "File"},
                "source": {"fileSystemPath": {"path": "/l/m.jsonl", "kind": "File", "format": "JSON"}},
            },
        ),
        (
            ("--metrics-from", "tensorboard", "--metrics-file", "/l"),
            {
                "collector": {"kind": "TensorFlowEvent"},
                "source": {"fileSystemPath": {"path": "/l", "kind": "Directory"}},
            },
        ),
        (
            ("--metric", "val/acc:max"),
            {
                "collector": {"kind": "StdOut"},
                "source": {
                    "filter": {
                        "metricsFormat": [r"(val/acc|accuracy)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?)"]
                    }
                },
            },
        ),
    ],
    ids=["stdout", "text", "json", "tensorboard", "odd-name"],
)
def test_collectors(experiment, words, collector):
    """Metrics come from the output, a file or event files; names beyond Katib's default get a filter."""
    assert experiment("job", *SPACE, *words, COMMAND)["spec"]["metricsCollectorSpec"] == collector


def test_output_is_unbuffered(experiment):
    """Python writes lines at once where Katib reads them, unless the user says otherwise."""

    def env(*words: str) -> dict[str, str]:
        made = experiment("job", *SPACE, *words, COMMAND)["spec"]["trialTemplate"]["trialSpec"]
        found = made["spec"]["template"]["spec"]["containers"][0]["env"]
        return {one["name"]: one.get("value") for one in found}

    assert env()["PYTHONUNBUFFERED"] == "1"
    assert env("-e", "PYTHONUNBUFFERED=0")["PYTHONUNBUFFERED"] == "0"
    assert "PYTHONUNBUFFERED" not in env("--metrics-file", "/l/m.log")


def test_the_name_of_the_trial_is_a_parameter(experiment):
    """{trial} stands for the name of the trial, which only Katib knows."""
    template = experiment("job", *SPACE, COMMAND + " --out /m/{trial}")["spec"]["trialTemplate"]
    assert template["trialParameters"][-1] == {"name": "trial", "reference": "${trialSpec.Name}"}
    plain = experiment("job", *SPACE, COMMAND)["spec"]["trialTemplate"]
    assert [one["name"] for one in plain["trialParameters"]] == ["lr", "layers"]


@pytest.mark.parametrize(
    ("words", "policy"),
    [((), "Never"), (("--resumable",), "LongRunning"), (("--algorithm", "pbt"), "FromVolume")],
    ids=["default", "resumable", "pbt"],
)
def test_pods_of_suggestions_end_with_the_sweep(experiment, words, policy):
    """Katib keeps nothing running after the end, unless the sweep is to go on, or the algorithm needs it."""
    assert experiment("job", *SPACE, *words, COMMAND)["spec"]["resumePolicy"] == policy


def test_a_grid_has_no_more_trials_than_combinations(experiment):
    """A grid ends after all its combinations, however many trials were asked for."""
    grid = ("--algorithm", "grid", "--param", "x=1,2", "--param", "y=int:1..3", "z {x} {y}")
    counts = [experiment("job", *words, *grid)["spec"] for words in ((), ("--max-trials", "99"))]
    assert [(one["maxTrialCount"], one["parallelTrialCount"]) for one in counts] == [(6, 3), (6, 3)]
    assert experiment("job", "--max-trials", "2", *grid)["spec"]["parallelTrialCount"] == 2


def test_limits_follow_the_number_of_trials(experiment):
    """Limits that are not given never contradict the number of trials, which Katib would refuse."""
    made = experiment("job", "--param", "x=1,2", "z {x}")["spec"]
    limits = [made[f"{name}TrialCount"] for name in ("max", "parallel", "maxFailed")]
    assert limits == [2, 2, 2]
