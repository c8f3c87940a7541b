"""arena evaluate: what is sent, and how evaluations are shown and deleted."""

import json
from dataclasses import fields

import yaml
from product import product

from arena.kinds.evaluation.evaluatejob import EvaluationSpec
from arena.kinds.training.job import PLAIN

MODEL = ("evaluate", "model", "--name", "bert-1", "--image", "i")


def test_variables_tell_the_program(arena):
    """Each flag about the model is a variable of the program; a variable that --env sets wins."""
    words = ("--model-name=bert", "--model-version=2", "--model-path=/m", "--dataset-path=/d")
    words += ("--metrics-path=/r", "-e", "DATASET_PATH=/other", "--cpu=1", "--memory=1Gi", "--gpus=1")
    job = yaml.safe_load(arena(*MODEL, *words, "python evaluate.py", "--dry-run").out)
    assert job["metadata"]["labels"]["app"] == "evaluatejob"
    container = job["spec"]["template"]["spec"]["containers"][0]
    env = {one["name"]: one["value"] for one in container["env"]}
    assert {
        "MODEL_NAME": "bert",
        "MODEL_VERSION": "2",
        "MODEL_PATH": "/m",
        "DATASET_PATH": "/other",
        "METRICS_PATH": "/r",
    }.items() <= env.items()
    assert container["resources"]["limits"] == {"cpu": "1", "memory": "1Gi", "nvidia.com/gpu": "1"}


def test_no_options_of_training():
    """An evaluation has no options of workers, gangs, TensorBoard or the registration of a model."""
    trains = {"workers", "gang", "nproc_per_node", "port", "tensorboard", "logdir", "model_source"}
    assert not trains & {one.name for one in fields(EvaluationSpec)}


def test_the_image_may_know_what_to_run(arena):
    """Without a command the image's own is run."""
    job = yaml.safe_load(arena(*MODEL, "--dry-run").out)
    assert "command" not in job["spec"]["template"]["spec"]["containers"][0]


def test_list_get_and_delete(arena, stage):
    """Evaluations have a list of their own with the Go arena's columns and keys, and are no training jobs."""
    assert arena("evaluate", "list").err == 'no evaluations in namespace "default" of the test\'s cluster\n'
    assert arena(*MODEL, "--model-name", "bert", "--model-version", "2", "x").code == 0
    head, row = arena("evaluate", "ls").out.splitlines()
    assert head.split() == ["NAME", "MODEL_NAME", "MODEL_VERSION", "STATUS", "CREATE_TIME"]
    assert row.split()[:4] == ["bert-1", "bert", "2", "Pending"]
    data = json.loads(arena("evaluate", "get", "bert-1", "-o", "json").out)
    assert (data["modelName"], data["modelVersion"], data["status"]) == ("bert", "2", "Pending")
    assert "ModelName:          bert" in arena("evaluate", "get", "bert-1").out
    assert "no training jobs" in arena("list").err
    ended = arena("evaluate", "del", "bert-1", "other")
    assert (ended.code, ended.out) == (3, "evaluation bert-1 deleted\n")
    assert 'no evaluation "other"' in ended.err


def test_rerun(arena, stage):
    """An evaluation is submitted again with changes, and its command line is one of evaluations."""
    arena(*MODEL, "--model-name", "bert", "python evaluate.py")
    line = arena("get", "bert-1", "-o", "command").out
    assert line == "arena evaluate model --name bert-1 --image i --model-name bert 'python evaluate.py'\n"
    assert arena("rerun", "bert-1", "--set", "version=3", "--name", "again").code == 0
    data = json.loads(arena("evaluate", "get", "again", "-o", "json").out)
    assert (data["modelName"], data["modelVersion"]) == ("bert", "3")


def test_training_jobs_are_no_evaluations(arena, stage):
    """A plain job is not shown or deleted as an evaluation."""
    arena("submit", "job", "--name", "train", "--image", "i", "x")
    assert arena("evaluate", "delete", "train").code == 3
    assert stage.cluster.get(PLAIN, "default", "train")


def test_runs(tmp_path):
    """An evaluation runs; its output and its end are those of a job."""
    with product(tmp_path) as arena:
        words = ("--name", "e", "--model-path", "/models/bert", "--logs", 'echo "$MODEL_PATH"; exit 4')
        ended = arena.run("evaluate", "model", *words)
        assert (ended.code, ended.out) == (7, "evaluatejob e submitted\n/models/bert\n")
        assert json.loads(arena.must("evaluate", "list", "-o", "json"))[0]["status"] == "Failed"
        assert arena.must("logs", "e") == "/models/bert\n"
