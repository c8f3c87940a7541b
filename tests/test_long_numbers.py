"""Numbers of absurd length, which Python refuses to read, are told of in a sentence wherever one is read."""

import pytest
from product import product

from arena import config, kinds, labels, manifests, units
from arena.actions.jobs import tensorboard
from arena.digits import whole
from arena.errors import SpecError, TemplateError
from arena.kinds.spec import options, parse
from arena.kinds.training.base.training_operator import TRAINING_OPERATOR
from arena.kinds.workload.instances import _index
from arena.kube.retries import Retries

LONG = "9" * 5000


@pytest.fixture
def user(tmp_path):
    with product(tmp_path) as made:
        yield made


@pytest.mark.parametrize("kind", kinds.all_kinds(), ids=lambda kind: kind.name)
def test_every_option_of_every_kind(kind):
    """Each is used, as text may be, or refused in a sentence that is not as long as the number."""
    for one in options(kind.spec):
        for text in (LONG, f"a.b/c={LONG}", f"{LONG}Gi", f"1e{LONG}", f"{LONG}s", f"0.{LONG}"):
            found = ""
            try:
                parse(kind.spec, {"name": "x", "command": "c", one.name: text})
            except SpecError as error:
                found = error.message
            assert len(found) < 500, one.name


@pytest.mark.parametrize("number", [LONG, "-" + LONG, "0x" + "f" * 5000, "1e" + LONG, "." + LONG])
def test_job_files_templates_and_patches(user, number):
    """A file with such a number ends in a sentence with its name."""
    job = user.home / "job.yaml"
    job.write_text(f"name: a\nimage: i\ncommand: x\nworkers: {number}\n")
    said = user.run("submit", "pytorchjob", "-f", "job.yaml", "--dry-run")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("Error: --workers: ")
    assert len(said.err) < 400
    (user.home / "patch.yaml").write_text(f"spec: {{suspend: {number}}}\n")
    said = user.run("submit", "job", "--name", "a", "--image", "i", "x", "--patch", "patch.yaml", "--dry-run")
    assert "Traceback" not in said.err
    assert said.code in (0, 2)


@pytest.mark.parametrize("words", [
    ("logs", "x", "-t"), ("logs", "x", "--since"), ("wait", "x", "--timeout"), ("scale", "x"),
    ("scaleout", "etjob", "--name", "x", "--count"), ("prune", "--older-than"), ("local", "start", "--gpus"),
])  # fmt: skip
def test_flags_of_other_commands(user, words):
    """No flag that takes a number or a duration ends in a traceback."""
    said = user.run(*words, LONG)
    assert "Traceback" not in said.err
    assert said.code == 2, said


def test_settings(user):
    """Variables and files of settings refuse it by name."""
    assert "must be a whole number" in user.run("config", "view", ARENA_LOCAL_GPUS=LONG).err
    (user.home / ".arena.yaml").write_text(f"local-gpus: {LONG}\n")
    said = user.run("config", "view")
    assert said.code == 2
    assert f"{user.home}/.arena.yaml" in said.err
    assert config.administrator({"config.yaml": f"queue: {LONG}"}).values == {"queue": LONG}


def test_what_clusters_answer():
    """In annotations, headers and amounts such a number is none."""
    pod = {"metadata": {"name": f"x-worker-{LONG}", "annotations": {}, "labels": {}}}
    assert _index(pod, TRAINING_OPERATOR, "worker") == 0
    pod["metadata"]["annotations"] = {TRAINING_OPERATOR.index_labels[0]: "²"}
    assert _index(pod, TRAINING_OPERATOR, "worker") == 0
    for text in (LONG, f"1e{LONG}", f"1.{LONG}"):
        with pytest.raises(SpecError) as caught:
            units.quantity(text)
        assert len(caught.value.message) < 200
    assert units.quantity("12e6") == 12_000_000
    with pytest.raises(SpecError, match="too long"):
        units.duration(LONG)
    service = {"metadata": {"annotations": {labels.LOCAL_PORTS: f'{{"6006": {LONG}}}'}}}
    assert tensorboard.address(service) == ""
    assert whole(LONG) is None
    assert Retries("GET").pause(503, LONG) == 0.1


@pytest.mark.parametrize("text", ["!!int x", "!!float x", "!!int [1]", "!!bool x", f"{LONG}", "!!int 0x"])
def test_yaml_that_names_no_number(text):
    """Whatever stands behind a tag for numbers is refused with a sentence."""
    with pytest.raises(TemplateError):
        manifests.load(f"a: {text}", "it")
