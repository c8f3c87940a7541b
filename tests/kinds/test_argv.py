"""Recorded options as a command line, and changes to them."""

import json
import shlex
import subprocess

import pytest
from case_files import CASES, read

from arena.errors import SpecError
from arena.kinds import argv
from arena.kinds.levels import over
from arena.kinds.option_types import MASK
from arena.kinds.spec import encode, given, parse
from arena.kinds.training.specs.pytorchjob import PyTorchJobSpec


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_command_line_comes_back(case, read_words):
    """What is recorded becomes a command line that gives the same Spec, once secrets are put in."""
    kind, words = read(case)
    spec = read_words(kind, *words)
    recorded = json.loads(json.dumps(encode(spec)))
    text = " ".join(argv.arguments(type(spec), recorded))
    secrets = dict(getattr(spec, "secret", {})) | dict(getattr(spec, "env", {}))
    for name in (one.partition("=")[2] for one in argv.masked_secrets(recorded)):
        assert shlex.quote(f"{name}={secrets[name]}") not in text
        text = text.replace(f'"${name}"', shlex.quote(secrets[name]))
        text = text.replace(f"--secret {name}", "--secret " + shlex.quote(f"{name}={secrets[name]}"))
    assert read_words(kind, *shlex.split(text)) == spec


def test_awkward_values_come_back(read_words):
    """Quotes, dollars, line ends, dashes and words in any script survive the way through the shell."""
    given = {
        "name": "x",
        "command": "--help '$HOME' \"a\nb\" é",
        "env": {"A": "it's $HOME", "B": "", "C": "a=b,c"},
        "annotation": {"example.com/k": "x y"},
        "working_dir": "/a b",
    }
    spec = parse(PyTorchJobSpec, given)
    text = " ".join(argv.arguments(PyTorchJobSpec, encode(spec)))
    assert read_words("pytorchjob", *shlex.split(text)) == spec


@pytest.mark.parametrize("name", ["(touch pwned)", "a b", "A`id`", "my-token", "{x:=y}", ""])
def test_names_of_secrets_are_no_shell(name):
    """A shell never evaluates the name of a secret that another user recorded, when the line is pasted."""
    text = " ".join(argv.arguments(PyTorchJobSpec, {"secret": {name: MASK}}))
    assert shlex.split(text) == ["--secret", f"{name}={MASK}"]
    assert text == f"--secret {shlex.quote(f'{name}={MASK}')}"


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        (["workers=4"], {"workers": "4"}),
        (["env=LR=0.1"], {"env": {"EPOCHS": "3", "LR": "0.1"}}),
        (["env=EPOCHS=5", "env=LR=1"], {"env": {"EPOCHS": "5", "LR": "1"}}),
        (["env="], {"env": None}),
        (["env=EPOCHS-", "env=LR=1"], {"env": {"LR": "1"}}),
        (["env=LR-"], {}),
        (["data=b:/b", "data=c:/c"], {"data": ["b:/b", "c:/c"]}),
        (["working_dir=/x"], {"working-dir": "/x"}),
        (["workingDir=/x"], {"working-dir": "/x"}),
    ],
)
def test_changes(changes, wanted):
    """A change replaces a value, but of names and values only the one that it names; none is the default."""
    recorded = {"name": "x", "command": "c", "workers": 2, "env": {"EPOCHS": "3"}, "data": ["a:/a"]}
    found = argv.amended(PyTorchJobSpec, recorded, changes)
    assert found == {key: value for key, value in (recorded | wanted).items() if value is not None}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("workers", '--set: "workers" has no value'),
        ("wokers=1", '--set: "wokers" is not an option'),
        ("env=LR", '--set env: "LR" has no value'),
    ],
)
def test_changes_that_cannot_be_made(change, message):
    """A change without a value, of an unknown option or of a wrong form is refused in a sentence."""
    with pytest.raises(SpecError) as told:
        argv.amended(PyTorchJobSpec, {}, [change])
    assert told.value.message == message
    assert told.value.hint


def test_configured_values():
    """Configured values count for options that have their defaults, not for those that were given."""
    spec = parse(PyTorchJobSpec, {"name": "x", "command": "c", "workers": 3, "image": "mine"})
    configured = {"image": "theirs", "memory": None, "image-pull-policy": "never", "gpus": "2"}
    whole = parse(PyTorchJobSpec, over(PyTorchJobSpec, configured, given(spec)))
    assert (whole.image, whole.image_pull_policy, whole.gpus, whole.workers) == ("mine", "Never", 2, 3)
    with pytest.raises(SpecError, match="--gpus"):
        parse(PyTorchJobSpec, over(PyTorchJobSpec, {"gpus": "many"}, given(spec)))


def test_options_edited_by_hand():
    """One value where several belong is shown as one, and text where a switch belongs as it stands."""
    assert argv.arguments(PyTorchJobSpec, {"data": 5, "command": "x"}) == ["--data", "5", "x"]
    assert argv.arguments(PyTorchJobSpec, {"gang": "false", "rdma": True}) == ["--rdma", "--gang=false"]


@pytest.mark.parametrize("text", ["\x1b[2J'it\\n\n", "\x07é 作", "\u202etxt", "\x9b1m", "plain $HOME"])
def test_control_characters_are_pasted_as_escapes(text):
    """A value with control characters is written so that a person sees them and bash takes them."""
    word = argv.quoted(text)
    assert word.replace("\n", "").isprintable()
    said = subprocess.run(
        ["bash", "-c", f"printf %s {word}"], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"}
    )
    assert said.stdout == text.encode()
