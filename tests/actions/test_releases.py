"""The release of a kind that a cluster serves, from its group, versions and fields."""

from collections.abc import Iterator

import pytest
from servers import Stage, refuses, says

from arena import kinds
from arena.actions.served import require
from arena.errors import MissingOperator
from arena.kinds.spec import parse
from arena.kinds.workload.rendering import Rendering
from arena.kube import Cluster


@pytest.fixture
def stage() -> Iterator[Stage]:
    one = Stage()
    yield one
    one.close()


def groups(name: str, **versions: list[str]):
    """A cluster that serves these types of one group, by version."""
    found = [
        {"version": version, "resources": [{"resource": one} for one in plurals]}
        for version, plurals in versions.items()
    ]
    return says(
        200, {"kind": "APIGroupDiscoveryList", "items": [{"metadata": {"name": name}, "versions": found}]}
    )


def fields(kind: str, group: str, version: str, *names: str):
    """The description of a type whose spec has these fields."""
    spec = {"properties": {"spec": {"properties": {name: {} for name in names}}}}
    known = [{"group": group, "version": version, "kind": kind}]
    schemas = {kind: {"x-kubernetes-group-version-kind": known, **spec}}
    return says(200, {"openapi": "3.0.0", "components": {"schemas": schemas}})


@pytest.mark.parametrize(("word", "plural", "title"), [
    ("tfjob", "tfjobs", "TFJob"), ("pytorchjob", "pytorchjobs", "PyTorchJob")
])  # fmt: skip
def test_operators_of_the_go_arenas_time(stage, word, plural, title):
    """Their TFJob and PyTorchJob have the version of today's, and are known by the field that they lack."""
    kind = kinds.find(word)
    stage.answers = [
        groups("kubeflow.org", v1=[plural]),
        fields(title, "kubeflow.org", "v1", "cleanPodPolicy"),
    ]
    found = require(Cluster.at(stage.url), kind)
    spec = parse(kind.spec, {"name": "x", "command": "true", "image": "i"})
    with pytest.raises(MissingOperator, match=f"the {title} of this cluster has no runPolicy"):
        kind.values(spec, Rendering(resource=found))
    stage.answers = [groups("kubeflow.org", v1=[plural]), fields(title, "kubeflow.org", "v1", "runPolicy")]
    assert require(Cluster.at(stage.url), kind) == kind.resources[0]


def test_a_version_that_arena_does_not_speak(stage):
    """A kind that is served in another version only is not missing: both versions are named."""
    stage.answers = [groups("kubeflow.org", v1beta2=["tfjobs"])]
    said = "serves TFJob as kubeflow.org/v1beta2; arena needs kubeflow.org/v1$"
    with pytest.raises(MissingOperator, match=said) as caught:
        require(Cluster.at(stage.url), kinds.find("tfjob"))
    assert "another release of the operator" in caught.value.hint


@pytest.mark.parametrize("version", ["v2beta1", "v1", "v1alpha1"])
def test_the_one_version_of_mpi_jobs(stage, version):
    """Only one operator's MPIJob can be installed: the version is found, not assumed."""
    stage.answers = [groups("kubeflow.org", **{version: ["mpijobs"]})]
    for word in ("mpijob", "horovodjob"):
        assert require(Cluster.at(stage.url), kinds.find(word)).version == version


@pytest.mark.parametrize("spelling", ["runtimePatches", "podTemplateOverrides", "podSpecOverrides"])
def test_the_spelling_of_overrides(stage, spelling):
    """Only its fields show which of the three spellings a Trainer knows."""
    kind = kinds.find("trainjob")
    answer = groups("trainer.kubeflow.org", v1alpha1=["trainjobs"])
    stage.answers = [answer, fields("TrainJob", "trainer.kubeflow.org", "v1alpha1", "trainer", spelling)]
    assert require(Cluster.at(stage.url), kind).field == spelling


def test_a_cluster_that_tells_no_fields(stage):
    """If the fields cannot be read, the newest release is assumed."""
    hidden = refuses(403, "Forbidden", "you may not")
    stage.answers = [groups("kubeflow.org", v1=["tfjobs"]), hidden, hidden]
    assert require(Cluster.at(stage.url), kinds.find("tfjob")) == kinds.find("tfjob").resources[0]
