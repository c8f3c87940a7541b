"""What people may not do, and clusters that cannot be used: a sentence and an exit code."""

from pathlib import Path

import pytest
from field import IDLE, JOBS, RUNS, Field

from arena.resources import SECRETS

pytestmark = pytest.mark.cluster


def test_a_user_with_a_role(ground: Field):
    """A user with permissions in one namespace can submit, watch, read logs and delete there."""
    alice = ground.person("alice")
    ground.grant("alice")
    out = alice.must("submit", "pytorchjob", "--name", "j", *RUNS, "--wait", "echo hers")
    assert out == "pytorchjob j submitted\npytorchjob j SUCCEEDED\n"
    assert alice.must("list", "-o", "name") == "j\n"
    assert alice.must("logs", "j") == "hers\n"
    assert "[PyTorchJobSucceeded]" in alice.must("get", "j", "-e")
    assert "j" in alice.must("top", "job")
    assert alice.must("delete", "j") == "pytorchjob j deleted\n"


def test_another_namespace(ground: Field):
    """A namespace that is not hers is refused to her, for reading and writing alike, with 4."""
    alice = ground.person("alice")
    for words in (
        ("list",),
        ("get", "j"),
        ("submit", "pytorchjob", "--name", "j", *RUNS, "true"),
        ("delete", "j"),
    ):
        code, out, err = alice.run(*words)
        assert (code, out) == (4, ""), err
        assert f'in namespace "{ground.namespace}"' in err
        assert err.splitlines()[-1] == "Hint: ask for a role that includes it"
        assert "you may not" in err
    assert ground.gone(JOBS["pytorchjob"], "j")


def test_no_entry(ground: Field):
    """exec and attach report a missing permission, with exit code 4."""
    alice = ground.person("alice")
    ground.grant("alice")
    ground.submit("pytorchjob", "j", IDLE)
    ground.ready("j", 1)
    for words in (("exec", "j", "--", "true"), ("attach", "j")):
        code, out, err = alice.run(*words)
        assert (code, out) == (4, "")
        assert 'you may not run a command in pod "j-master-0"' in err
    nodes = alice.run("top", "node")
    assert (nodes.code, "you may not list nodes" in nodes.err) == (4, True)


def test_no_secrets(ground: Field):
    """A job with a part that its submitter may not make is not made at all."""
    alice = ground.person("alice")
    ground.grant("alice")
    code, out, err = alice.run("submit", "pytorchjob", "--name", "j", *RUNS, "--secret", "KEY=value", "true")
    assert (code, out) == (4, "")
    assert "you may not create secret" in err
    assert ground.gone(JOBS["pytorchjob"], "j")


def test_nobody(ground: Field):
    """Without permissions, every command reports what is refused, with exit code 4 and no traceback."""
    nobody = ground.person("nobody")
    for words in (("list",), ("list", "-A"), ("top", "node"), ("top", "job"), ("get", "j"), ("logs", "j")):
        code, out, err = nobody.run(*words)
        assert (code, out) == (4, ""), words
        assert err.startswith("Error: you may not "), words
        assert "Traceback" not in err


def test_a_client_certificate(ground: Field):
    """A kubeconfig with a client certificate and with paths to files serves as one with a token does."""
    somebody = ground.person("cert-admin")
    submitted = somebody.must("submit", "pytorchjob", "--name", "j", *RUNS, "--logs", "echo trusted")
    assert submitted == "pytorchjob j submitted\ntrusted\n"
    assert somebody.must("list", "-o", "name") == "j\n"


def test_a_bad_token(ground: Field):
    """A token that the cluster does not know is reported as refused, with exit code 4, and not shown."""
    person = ground.person(change=lambda config: config["users"][0].update(user={"token": "expired-5f2a"}))
    code, out, err = person.run("list")
    assert (code, out) == (4, "")
    assert err.splitlines() == [
        f'Error: cluster "{context(person)}" does not accept your credentials: Unauthorized',
        "Hint: log in again, or choose another user or --context",
    ]


def context(person):
    """The name of the context in use."""
    import yaml

    return yaml.safe_load(Path(person.env["KUBECONFIG"]).read_text(encoding="utf-8"))["current-context"]


def test_an_untrusted_server(ground: Field):
    """A server whose certificate no known authority signed is not talked to, with 6."""

    def change(config):
        del config["clusters"][0]["cluster"]["certificate-authority-data"]

    code, out, err = ground.person(change=change).run("list")
    assert (code, out) == (6, "")
    assert "cannot be trusted: invalid certificate of" in err
    assert "Hint: check certificate-authority" in err


def test_no_server(ground: Field):
    """A server that does not answer is named, with 6, and no other cluster is taken instead."""

    def change(config):
        config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:9"

    person = ground.person(change=change)
    for words in (("list",), ("submit", "pytorchjob", "--name", "j", *RUNS, "true")):
        code, out, err = person.run(*words)
        assert (code, out) == (6, "")
        assert "does not answer at 127.0.0.1:9" in err
    assert not person.state.exists()


def test_a_wrong_context(ground: Field):
    """A context that the kubeconfig does not have is refused with 2, and those that it has are named."""
    code, out, err = ground.admin.run("--context", "staging", "list")
    assert (code, out) == (2, "")
    assert '"staging"' in err
    assert context(ground.admin) in err


def test_no_namespace(ground: Field):
    """A namespace that does not exist is said to be missing, with 3, where something is put into it."""
    code, out, err = ground.admin.run(
        "-n", "no-such-place", "submit", "pytorchjob", "--name", "j", *RUNS, "true"
    )
    assert (code, out) == (3, "")
    assert 'no namespace "no-such-place"' in err
    assert not list(ground.kube.list(SECRETS, "no-such-place"))
