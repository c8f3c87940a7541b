"""Secrets that are on no command line: from a variable, a file, standard input or a terminal."""

import os
import pty

import pytest
import yaml
from product import product, until

from arena.actions.submit import secrets
from arena.errors import SpecError
from arena.kinds.spec import encode, parse
from arena.kinds.training.specs.pytorchjob import PyTorchJobSpec


@pytest.fixture
def user(tmp_path):
    with product(tmp_path) as made:
        yield made


def values(*given):
    return secrets.values(parse(PyTorchJobSpec, {"name": "x", "command": "c", "secret": given}).secret)


def test_each_way_to_say_a_secret(tmp_path, monkeypatch):
    """NAME is the variable, NAME=@FILE the file without its last newline, NAME=VALUE the value."""
    (tmp_path / "token").write_bytes(b"from file\n\r\n")
    (tmp_path / "~").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HF_TOKEN", "from env\n")
    assert values("HF_TOKEN", f"A=@{tmp_path}/token", "B=@~/token", "C=plain", "D=a=b@c", "E=") == {
        "HF_TOKEN": "from env", "A": "from file\n", "B": "from file\n", "C": "plain", "D": "a=b@c", "E": "",
    }  # fmt: skip


@pytest.mark.parametrize(("given", "message"), [
    (["NO_SUCH"], "--secret NO_SUCH: the environment variable is not set"),
    (["A=@/no/such"], "--secret A: /no/such cannot be read: No such file"),
    (["A=@/"], "--secret A: / cannot be read: Is a directory"),
    (["A=@/dev/zero"], "--secret A: /dev/zero is larger than 1 MiB"),
    (["A=@/dev/null"], "--secret A: /dev/null is empty"),
    (["A=-", "B=-"], "A and B cannot both come from standard input"),
])  # fmt: skip
def test_a_secret_that_cannot_be_had(given, message):
    """Each failure is a sentence that names the secret and its source."""
    with pytest.raises(SpecError, match=message) as caught:
        values(*given)
    assert caught.value.hint


def test_bytes_that_are_no_text(tmp_path):
    """A file of other bytes is refused without showing them."""
    (tmp_path / "key").write_bytes(b"\xffhidden")
    with pytest.raises(SpecError, match="is not UTF-8 text") as caught:
        values(f"A=@{tmp_path}/key")
    assert "hidden" not in str(caught.value)


def test_a_value_of_python_is_the_value():
    """In Python a mapping holds values, whatever they look like; a list is read as flags are."""
    spec = PyTorchJobSpec(name="x", command="c", secret={"A": "@/etc/passwd", "B": "-"})
    assert secrets.values(spec.secret) == {"A": "@/etc/passwd", "B": "-"}
    assert encode(PyTorchJobSpec(name="x", command="c", secret=["HOME"]))["secret"] == {"HOME": "<redacted>"}
    assert secrets.values(PyTorchJobSpec(name="x", command="c", secret=["HOME"]).secret) == {
        "HOME": os.environ["HOME"]
    }


JOB = ("submit", "job", "--name", "a", "--image", "i", "true")


def test_standard_input_is_one_secret_or_the_job_file(user):
    """`NAME=-` reads standard input, which cannot be the job file as well."""
    user.must("local", "start")
    said = user.run(*JOB, "--secret", "TOKEN=-", typed="piped\n")
    assert said.code == 0, said.err
    shown = user.run("submit", "job", "-f", "-", "--secret", "TOKEN=-", typed="name: b\ncommand: x\n")
    assert shown.code == 2
    assert "Error: --secret TOKEN: standard input is empty" in shown.err


def test_a_job_file_says_secrets_as_flags_do(user):
    """Names alone, files and values, as a list or by name."""
    (user.home / "token").write_text("from file\n")
    for text in (
        "secret: {HF: null, A: '@token'}",
        "secret: [HF, A=@token]",
        "secret: {HF: , A: '@token'}",
        "secret: {HF, A: '@token'}",
    ):
        (user.home / "job.yaml").write_text(f"name: a\nimage: i\ncommand: x\n{text}\n")
        said = user.run("submit", "job", "-f", "job.yaml", "--dry-run", HF="from env")
        assert said.code == 0, said.err
        [secret] = [one for one in yaml.safe_load_all(said.out) if one["kind"] == "Secret"]
        assert set(secret["stringData"]) == {"HF", "A"}
        assert user.run("submit", "job", "-f", "job.yaml", "--dry-run").code == 2


def test_a_terminal_is_asked_without_echo(user):
    """On a terminal a prompt names the secret, and what is typed does not appear."""
    master, slave = pty.openpty()
    child = user.start(
        *JOB, "--secret", "TOKEN=-", "--dry-run", stdin=slave, stderr=slave, start_new_session=True
    )
    os.close(slave)
    seen = b""

    def prompted():
        nonlocal seen
        seen += os.read(master, 1000)
        return b"TOKEN: " in seen

    until(prompted, what="the prompt")
    os.write(master, b"typed-in\n")
    out = child.communicate(timeout=30)[0].decode()
    assert child.returncode == 0
    assert "TOKEN" in out
    rest = b""
    try:
        while more := os.read(master, 1000):
            rest += more
    except OSError:
        pass
    os.close(master)
    assert b"typed-in" not in seen + rest


def test_no_secret_is_seen_in_processes(user):
    """The value is in no command line of ours, and the recorded line to paste names the variable alone."""
    user.must("local", "start")
    user.must(*JOB, "--secret", "TOKEN", TOKEN="unseen-1234")
    assert "--secret TOKEN " in user.must("get", "a", "-o", "command")
    rerun = user.run("rerun", "a", "--set", "secret=TOKEN", "--dry-run", TOKEN="other")
    assert rerun.code == 0, rerun.err
    refused = user.run("rerun", "a")
    assert "--set secret=TOKEN" in refused.err


def test_names_of_variables_are_completed(user):
    """TAB after --secret completes the user's variables."""
    asked = {
        "_ARENA_COMPLETE": "bash_complete",
        "COMP_WORDS": "arena submit job --secret HF_",
        "COMP_CWORD": "4",
    }
    assert "plain,HF_TOKEN" in user.run(HF_TOKEN="x", **asked).out.splitlines()
    asked["COMP_WORDS"] = "arena submit job --secret "
    assert "plain,WANDB_API_KEY" in user.run(WANDB_API_KEY="x", EDITOR="vi", **asked).out.splitlines()
