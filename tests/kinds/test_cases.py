"""Case files: a command line, and the manifests it gives.

ARENA_REGENERATE=1 writes what is given now into them; read the difference before you commit it.
"""

import contextlib
import os
import shlex
from pathlib import Path

import crds
import pytest
import yaml

from arena import kinds, manifests
from arena.errors import MissingOperator

JUDGED = {"deepspeedjob", "etjob", "horovodjob", "jaxjob", "jobset", "mpijob", "paddlejob", "pytorchjob"}
JUDGED |= {"rayjob", "sparkjob", "tfjob", "trainjob", "volcanojob", "xgboostjob"}
"""Kinds whose definitions must be at hand; that of a new one may be missing."""
CASES = sorted((Path(__file__).parents[1] / "cases" / "training").glob("*.yaml"))


def made_by(submit, line):
    program, verb, word, *words = shlex.split(line)
    assert (program, verb) == ("arena", "submit")
    return submit(word, *words)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_command_line_gives_manifests(case, submit):
    """The command line of a case file gives the manifests below it, and nothing else."""
    line = next(yaml.safe_load_all(case.read_text()))
    made = made_by(submit, line)
    if os.environ.get("ARENA_REGENERATE"):
        head = yaml.safe_dump(line, default_style="|", allow_unicode=True)
        case.write_text(head + "---\n" + manifests.dump(made))
    wanted = list(manifests.load_all(case.read_text(), case.name))[1:]
    assert made == wanted


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_manifests_are_valid(case, submit):
    """The published definition of the kind refuses nothing in the job, on any version that is served."""
    if not crds.FOLDER.is_dir():
        pytest.skip(f"NOT CHECKED: no definitions of kinds in {crds.FOLDER}; set ARENA_CRDS")
    _, _, word, *words = shlex.split(next(yaml.safe_load_all(case.read_text())))
    for resource in kinds.find(word).resources:
        # Releases that are too old to submit to are refused instead: see test_traps.py.
        with contextlib.suppress(MissingOperator):
            if crds.defines(resource):
                assert crds.faults(submit(word, *words, resource=resource)[0]) == []


def test_every_kind_has_cases():
    """Each kind has a case file."""
    lines = [shlex.split(next(yaml.safe_load_all(case.read_text()))) for case in CASES]
    assert {kind.name for kind in kinds.training_kinds()} == {kinds.find(words[2]).name for words in lines}


def test_manifests_are_judged():
    """The definitions of all types that arena makes are at hand, so that no kind passes unseen."""
    if not crds.FOLDER.is_dir():
        pytest.skip(f"NOT CHECKED: no definitions of kinds in {crds.FOLDER}; set ARENA_CRDS")
    types = [(kind.name, one) for kind in kinds.training_kinds() for one in kind.resources]
    found = [(name, one.version) for name, one in types if crds.defines(one)]
    assert {name for name, _ in found} >= JUDGED
    assert {version for name, version in found if name == "mpijob"} == {"v1", "v2beta1"}


def test_checker_refuses(submit):
    """The checker finds an unknown field, a wrong type and a missing one, so its silence means something."""
    if not crds.FOLDER.is_dir():
        pytest.skip(f"NOT CHECKED: no definitions of kinds in {crds.FOLDER}; set ARENA_CRDS")
    job = submit("pytorch", "--name", "x", "--image", "i", "true")[0]
    master = job["spec"]["pytorchReplicaSpecs"]["Master"]
    master["template"]["spec"]["containers"][0]["colour"] = "red"
    master["replicas"] = "one"
    assert len(crds.faults(job)) == 2
    del job["spec"]["pytorchReplicaSpecs"]
    assert crds.faults(job)
