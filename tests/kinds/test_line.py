"""Recorded options as a command line, and changes to them."""

import json
import shlex
from pathlib import Path

import pytest
import yaml

from arena.errors import SpecError
from arena.kinds import line
from arena.kinds.forms import MASK
from arena.kinds.spec import encode, filled, parse
from arena.kinds.training.pytorchjob import PyTorchJobSpec

CASES = sorted((Path(__file__).parents[1] / "cases" / "training").glob("*.yaml"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_command_line_comes_back(case, read_words):
    """What is recorded becomes a command line that gives the same Spec, once secrets are put in."""
    _, _, word, *words = shlex.split(next(yaml.safe_load_all(case.read_text("utf-8"))))
    spec = read_words(word, *words)
    recorded = json.loads(json.dumps(encode(spec)))
    text = " ".join(line.words(type(spec), recorded))
    secrets = dict(getattr(spec, "secret", {})) | dict(getattr(spec, "env", {}))
    for name in (one.partition("=")[2] for one in line.masked(recorded)):
        assert shlex.quote(f"{name}={secrets[name]}") not in text
        text = text.replace(f'"${name}"', shlex.quote(secrets[name]))
    assert read_words(word, *shlex.split(text)) == spec


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
    text = " ".join(line.words(PyTorchJobSpec, encode(spec)))
    assert read_words("pytorchjob", *shlex.split(text)) == spec


@pytest.mark.parametrize("name", ["(touch pwned)", "a b", "A`id`", "my-token", "{x:=y}", ""])
def test_names_of_secrets_are_no_shell(name):
    """The name of a secret that another user recorded is never read by the shell of who pastes the line."""
    text = " ".join(line.words(PyTorchJobSpec, {"secret": {name: MASK}}))
    assert shlex.split(text) == ["--secret", f"{name}={MASK}"]
    assert text == f"--secret {shlex.quote(f'{name}={MASK}')}"


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        (["workers=4"], {"workers": "4"}),
        (["env=LR=0.1"], {"env": {"EPOCHS": "3", "LR": "0.1"}}),
        (["env=EPOCHS=5", "env=LR=1"], {"env": {"EPOCHS": "5", "LR": "1"}}),
        (["env="], {"env": None}),
        (["data=b:/b", "data=c:/c"], {"data": ["b:/b", "c:/c"]}),
        (["working_dir=/x"], {"working-dir": "/x"}),
        (["workingDir=/x"], {"working-dir": "/x"}),
    ],
)
def test_changes(changes, wanted):
    """A change replaces a value, but of names and values only the one that it names; none is the default."""
    recorded = {"name": "x", "command": "c", "workers": 2, "env": {"EPOCHS": "3"}, "data": ["a:/a"]}
    found = line.amended(PyTorchJobSpec, recorded, changes)
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
        line.amended(PyTorchJobSpec, {}, [change])
    assert told.value.message == message
    assert told.value.hint


def test_filled():
    """Configured values count for options that have their defaults, not for those that were given."""
    spec = parse(PyTorchJobSpec, {"name": "x", "command": "c", "workers": 3, "image": "mine"})
    whole = filled(spec, {"image": "theirs", "memory": None, "image-pull-policy": "never", "gpus": "2"})
    assert (whole.image, whole.image_pull_policy, whole.gpus, whole.workers) == ("mine", "Never", 2, 3)
    with pytest.raises(SpecError, match="--gpus"):
        filled(spec, {"gpus": "many"})


def test_options_edited_by_hand():
    """One value where several belong is shown as one, and text where a switch belongs as it stands."""
    assert line.words(PyTorchJobSpec, {"data": 5, "command": "x"}) == ["--data", "5", "x"]
    assert line.words(PyTorchJobSpec, {"gang": "false", "rdma": True}) == ["--rdma", "--gang=false"]
