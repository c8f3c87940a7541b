"""Finding kinds."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from arena import kinds
from arena.errors import SpecError
from arena.kinds.record import Record

ROOT = Path(kinds.__file__).parents[2]


def test_finding_a_kind():
    """Kinds are found by name and alias, ignoring case; a typo gets a suggestion, nonsense the list."""
    for word, name in (
        ("tf", "tfjob"),
        ("Tensorflow", "tfjob"),
        ("py", "pytorchjob"),
        ("MPI", "mpijob"),
        ("hj", "horovodjob"),
        ("JAX", "jaxjob"),
        ("xgb", "xgboostjob"),
        ("PaddlePaddle", "paddlejob"),
    ):
        assert kinds.find(word).name == name
    with pytest.raises(SpecError) as caught:
        kinds.find("pytroch")
    assert caught.value.hint == "did you mean pytorchjob?"
    with pytest.raises(SpecError) as caught:
        kinds.find("xyzzy")
    assert caught.value.hint == "valid kinds are " + ", ".join(one.name for one in kinds.training_kinds())


@pytest.mark.parametrize("kind", kinds.all_kinds(), ids=lambda kind: kind.name)
def test_no_option_is_hidden(kind):
    """A kind inherits only what it has: each field of its Spec, and of the classes below, is an option."""
    fields = {
        (base.__name__, one.name)
        for base in kind.spec.__mro__
        if issubclass(base, Record)
        for one in dataclasses.fields(base)
        if "type" not in one.metadata and one.name != "given"
    }
    assert not fields


def test_kinds_are_imported_by_need():
    """Asking for one kind imports neither the others nor YAML, click or a cluster."""
    code = "import sys, arena.kinds as k; k.find('pytorch'); print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "arena.kinds.training.pytorchjob" in loaded
    assert not loaded & {
        "arena.kinds.training.tfjob",
        "arena.kinds.training.mpijob",
        "yaml",
        "click",
        "arena.kube",
        "importlib.metadata",
    }


def test_a_kind_from_outside(tmp_path):
    """An installed package may bring a kind through an entry point; it is found like ours."""
    info = tmp_path / "outside-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[arena.kinds]\ncaffe = outside:KIND\n")
    (tmp_path / "outside.py").write_text(
        "from dataclasses import replace\n"
        "from arena.kinds.training.tfjob import KIND\n"
        "KIND = replace(KIND, name='caffejob', aliases=('caffe',))\n"
    )
    code = (
        "from arena import kinds as k; print(k.find('caffe').name, *(one.name for one in k.training_kinds()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}"},
    )
    assert done.stdout.split() == [
        "caffejob",
        *sorted(["caffejob", *(one.name for one in kinds.training_kinds())]),
    ]
