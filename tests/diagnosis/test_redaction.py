"""Secrets in what was looked at."""

from time import process_time

import pytest

from arena.diagnosis import redaction


@pytest.mark.parametrize(
    "text",
    [
        "HF_TOKEN=hf_PLANTEDplantedPLANTED",
        "login with hf_PLANTEDplantedPLANTED",
        "--wandb-api-key PLANTED-planted-0123",
        'password: "PLANTED!"',
        "AWS_SECRET_ACCESS_KEY = PLANTED/planted",
        "Authorization: Bearer PLANTED.planted",
        "git clone https://me:PLANTED@example.org/x",
        "client-key-data: PLANTEDPLANTED",
        "the secret PLANTED-planted-0123 was refused",
        '{"auth":"PLANTEDPLANTED"}',
        "ghp_PLANTEDplantedPLANTED was refused",
    ],
)
def test_secrets_are_masked(text):
    """A secret in a line is masked, by its name or by its shape."""
    assert "planted" not in redaction.words(text).lower()


@pytest.mark.parametrize(
    "text",
    [
        "step 3 tokens=4096 loss=0.3",
        "tokens per second: 1200",
        "Tokenizer: loaded",
        "401 Unauthorized for url: https://huggingface.co/x",
        "secretary was here",
        "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB",
        'MountVolume.SetUp failed for volume "keys" : secret "registry-credentials-1" not found',
        "couldn't find key token in Secret ml/hf-token-secret",
    ],
)
def test_other_lines_stay(text):
    """What is no secret stays as it is."""
    assert redaction.words(text) == text


def test_objects():
    """Values of variables with secret names, data of Secrets and what kubectl applied are masked."""
    pod = {
        "kind": "Pod",
        "metadata": {"name": "p", "managedFields": [1],
                     "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "PLANTED"}},
        "spec": {"containers": [{"env": [{"name": "DB_PASSWORD", "value": "PLANTED"},
                                         {"name": "LR", "value": "0.1"}],
                                 "args": ["--token", "PLANTED", "--lr", "0.1"]}]},
    }  # fmt: skip
    secret = {"kind": "Secret", "metadata": {"name": "s"}, "data": {"k": "PLANTED"}}
    made = redaction.obj(pod)
    assert "PLANTED" not in str(made) + str(redaction.obj(secret))
    assert made["spec"]["containers"][0]["env"][1] == {"name": "LR", "value": "0.1"}
    assert made["spec"]["containers"][0]["args"][2:] == ["--lr", "0.1"]


@pytest.mark.parametrize(
    "key", ["password", "hfToken", "wandb/api-key", "secretAccessKey", "REGISTRY_PASSWD", "client-secret"]
)
def test_fields_that_are_named_as_secrets(key):
    """A field or annotation whose name is that of a secret is masked, whatever its value looks like."""
    assert redaction.obj({"kind": "RayJob", "spec": {key: "PLANTED"}})["spec"] == {key: redaction.MASK}


@pytest.mark.parametrize("key", ["secretName", "serviceAccountToken", "tokenizer", "authors", "passes"])
def test_fields_that_only_sound_like_secrets(key):
    """Names of objects and settings stay, since they may be the cause."""
    value = {"path": "x"} if key == "serviceAccountToken" else "bert"
    assert redaction.obj({"kind": "Pod", "spec": {key: value}})["spec"] == {key: value}


@pytest.mark.parametrize("part", ["auth", "password", "token", "-eyJ", "a://", "bearer ", "eyJaaaaaaaa."])
def test_hostile_texts(part):
    """The time for a text of the greatest length grows with its length, whatever it repeats."""
    began = process_time()
    redaction.words(part * (redaction.LONGEST // len(part)))
    assert process_time() - began < 1.5
