"""Secrets in what was looked at."""

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
