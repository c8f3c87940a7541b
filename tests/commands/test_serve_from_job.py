"""Servings take over what a training job had, unless they are given something else."""

import json

import pytest
import yaml

from arena import labels
from arena.resources import Resource

TRAIN = (
    "submit", "pytorchjob", "--name", "train", "--image", "train:1",
    "--data", "models:/models", "--data-dir", "/shared:/mnt/shared",
    "--env", "A=job", "--env", "B=job", "--selector", "disk=ssd", "--toleration", "gpu_node",
    "--priority", "system-node-critical", "--model-name", "digits", "--model-source", "/models/digits/1",
    "python train.py",
)  # fmt: skip
SERVE = (
    "serve", "custom", "--name", "digits", "--version", "1", "--image", "serve:1", "--restful-port", "8080",
    "--dry-run=server",
)  # fmt: skip


def pod(ended):
    """(the labels, the spec, the container) of the Deployment that a dry run printed."""
    assert ended.code == 0, ended.err
    template = next(yaml.safe_load_all(ended.out))["spec"]["template"]
    return template["metadata"]["labels"], template["spec"], template["spec"]["containers"][0]


def variables(container):
    return {one["name"]: one.get("value") for one in container["env"]}


def test_everything_is_taken_over(arena, stage):
    """Volumes, environment, placement and model of the job are those of the serving; its image is not."""
    assert arena(*TRAIN).code == 0
    labels, spec, container = pod(arena(*SERVE, "--from-job", "train", "python serve.py"))
    assert labels["modelName"] == "digits"
    assert spec["nodeSelector"] == {"disk": "ssd"}
    assert spec["tolerations"] == [{"key": "gpu_node", "operator": "Exists"}]
    assert spec["priorityClassName"] == "system-node-critical"
    assert container["image"] == "serve:1"
    assert variables(container).items() >= {"A": "job", "B": "job", "MODEL_PATH": "/mnt/models"}.items()
    mounts = {one["mountPath"]: one for one in container["volumeMounts"]}
    assert mounts.keys() == {"/models", "/mnt/shared", "/mnt/models"}
    assert (mounts["/mnt/models"]["subPath"], mounts["/mnt/models"]["readOnly"]) == ("digits/1", True)


def test_flags_win(arena, stage):
    """What is given replaces what the job had; variables are merged by name, and NAME- removes one."""
    arena(*TRAIN)
    given = ("--env", "A=mine", "--env", "B-", "--data", "other:/other", "--model-name", "mine")
    more = ("--toleration", "all", "--model", "s3://bucket/mine")
    labels, spec, container = pod(arena(*SERVE, *given, *more, "--from-job", "train", "x"))
    assert labels["modelName"] == "mine"
    assert spec["tolerations"] == [{"operator": "Exists"}]
    assert variables(container)["A"] == "mine"
    assert "B" not in variables(container)
    claims = [
        one["persistentVolumeClaim"]["claimName"] for one in spec["volumes"] if "persistentVolumeClaim" in one
    ]
    assert claims == ["other"]
    assert spec["initContainers"][0]["args"] == ["s3://bucket/mine", "/mnt/models"]


@pytest.mark.parametrize(
    ("place", "claim", "part"),
    [
        ("job://train/models/digits", "models", "digits"),
        ("job://train//models/digits/", "models", "digits"),
        ("job://train/models", "models", None),
    ],
)
def test_what_a_job_wrote_to_a_claim(arena, stage, place, claim, part):
    """job://JOB/PATH becomes the part of the claim that the job mounted there."""
    arena(*TRAIN)
    _, spec, container = pod(arena(*SERVE, "--model", place, "x"))
    [volume] = [one for one in spec["volumes"] if one["name"] == "model"]
    assert volume["persistentVolumeClaim"]["claimName"] == claim
    [mount] = [one for one in container["volumeMounts"] if one["name"] == "model"]
    assert mount.get("subPath") == part


def test_what_a_job_wrote_to_a_node(arena, stage):
    """A folder of the node that the job mounted is mounted by the serving, too."""
    arena(*TRAIN)
    _, spec, container = pod(arena(*SERVE, "--model", "job://train/mnt/shared/m", "x"))
    assert [one["hostPath"]["path"] for one in spec["volumes"]] == ["/shared"]
    assert variables(container)["MODEL_PATH"] == "/mnt/shared/m"


def test_kserve_loads_it_from_the_claim(arena, stage):
    """An InferenceService is told the claim, which KServe mounts itself."""
    arena(*TRAIN)
    words = ("serve", "kserve", "--name", "digits", "--model-format", "sklearn", "--from-job", "train")
    made = next(yaml.safe_load_all(arena(*words, "--dry-run=server").out))
    assert made["spec"]["predictor"]["model"]["storageUri"] == "pvc://models/digits/1"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--from-job", "trian"), 3, "did you mean train?"),
        (("--model", "job://train/elsewhere"), 2, "it mounts models:/models, /shared:/mnt/shared"),
        (("--model", "job://train"), 2, "lacks the path"),
        (("--model", "relative/path"), 2, "is relative"),
    ],
)
def test_what_is_not_there(arena, stage, words, code, message):
    """A job, a path or a model that is not there is named, with what there is."""
    arena(*TRAIN)
    refused = arena(*SERVE, *words, "x")
    assert (refused.code, message in refused.err) == (code, True), refused.err


def test_a_dry_run_of_the_client_asks_nobody(arena, stage):
    """Without a cluster to ask, nothing is taken over silently."""
    refused = arena(*SERVE[:-1], "--dry-run", "--from-job", "train", "x")
    assert refused.code == 2
    assert "--dry-run=server" in refused.err


def test_secrets_are_named(arena, stage):
    """Secrets of the job are not recorded, and which ones are missing is said."""
    arena(*TRAIN[:-1], "--secret", "TOKEN=x", "--env", "API_KEY=y", TRAIN[-1])
    ended = arena(*SERVE, "--from-job", "train", "x")
    _, _, container = pod(ended)
    assert "TOKEN" in ended.err
    assert "API_KEY" in ended.err
    assert not variables(container).keys() & {"TOKEN", "API_KEY"}
    assert "<redacted>" not in json.dumps(container)


@pytest.mark.parametrize(
    "recorded",
    ['{"data": 3}', '{"env": {"A B": "x"}}', '{"data-dir": ["relative"]}', '{"model-source": []}', "[]"],
)
def test_what_others_recorded_is_refused(arena, stage, recorded):
    """Options that no job can have, because somebody wrote them into its annotation, give one clear error."""
    arena(*TRAIN)
    jobs = Resource("kubeflow.org", "v1", "pytorchjobs", kind="PyTorchJob")
    stage.cluster.patch(jobs, "default", "train", {"metadata": {"annotations": {labels.SPEC: recorded}}})
    refused = arena(*SERVE, "--from-job", "train", "x")
    assert refused.code == 2
    assert 'recorded with job "train"' in refused.err
