"""Discovery takes one request, in the shortest form that the cluster supports."""

import pytest
from servers import refuses, says

from arena.errors import Unreachable
from arena.kube import Cluster
from arena.resources import PODS, Resource

TFJOBS = Resource("kubeflow.org", "v1", "tfjobs", kind="TFJob")
MPIJOBS = Resource("kubeflow.org", "v2beta1", "mpijobs", kind="MPIJob")


def version(name: str, *plurals: str, freshness: str = "Current") -> dict:
    return {"version": name, "freshness": freshness, "resources": [{"resource": one} for one in plurals]}


def aggregated(**groups: list[dict]):
    items = [
        {"metadata": {"name": name.replace("_", ".")}, "versions": versions}
        for name, versions in groups.items()
    ]
    return says(200, {"kind": "APIGroupDiscoveryList", "items": items})


def resources(*names: str):
    return says(200, {"kind": "APIResourceList", "resources": [{"name": one} for one in names]})


GROUPS = says(200, {"kind": "APIGroupList", "groups": [{
    "name": "kubeflow.org",
    "versions": [{"version": "v1"}, {"version": "v2beta1"}],
    "preferredVersion": {"version": "v2beta1"},
}]})  # fmt: skip


def test_a_current_cluster_tells_everything_at_once(stage):
    """One request answers for every group, and is not repeated."""
    stage.answers = [
        aggregated(kubeflow_org=[version("v2beta1", "mpijobs"), version("v1", "tfjobs", "mpijobs")])
    ]
    cluster = Cluster.at(stage.url)
    assert cluster.serves(TFJOBS)
    assert cluster.serves(MPIJOBS)
    assert not cluster.serves(TFJOBS._replace(version="v2"))
    assert cluster.served("kubeflow.org", "mpijobs") == "v2beta1"
    assert cluster.served("kubeflow.org", "tfjobs") == "v1"
    assert cluster.served("ray.io", "rayjobs") is None
    assert [path for _, path, _, _ in stage.requests] == ["/apis"]


def test_an_older_cluster_is_asked_by_group_version(stage):
    """If only groups and versions are listed, a version is requested when needed, the preferred one first."""
    stage.answers = [GROUPS, resources("mpijobs", "mpijobs/status"), resources("tfjobs"), resources("pods")]
    cluster = Cluster.at(stage.url)
    assert cluster.served("kubeflow.org", "tfjobs") == "v1"
    assert cluster.serves(MPIJOBS)
    assert not cluster.serves(MPIJOBS._replace(plural="mpijobs/scale"))
    assert cluster.serves(PODS)
    asked = ["/apis", "/apis/kubeflow.org/v2beta1", "/apis/kubeflow.org/v1", "/api/v1"]
    assert [path for _, path, _, _ in stage.requests] == asked


def test_a_stale_answer_is_not_believed(stage):
    """Groups that the server marks as stale are requested directly."""
    stage.answers = [
        aggregated(metrics_k8s_io=[version("v1beta1", freshness="Stale")]),
        resources("pods", "nodes"),
    ]
    assert Cluster.at(stage.url).served("metrics.k8s.io", "pods") == "v1beta1"


def test_a_version_that_vanished_serves_nothing(stage):
    """A 404 for a version that was listed a moment ago means that it is gone."""
    stage.answers = [GROUPS, refuses(404, "NotFound", "the server could not find the requested resource")]
    assert Cluster.at(stage.url).served("kubeflow.org", "tfjobs") is None


def test_a_group_that_is_just_being_added(stage):
    """A group that is named already, but answered for by the server's plain 404 page, serves nothing yet."""
    stage.answers = [GROUPS, says(404, "404 page not found\n")]
    assert Cluster.at(stage.url).served("kubeflow.org", "tfjobs") is None


TRAINJOBS = Resource("trainer.kubeflow.org", "v1alpha1", "trainjobs", kind="TrainJob", field="runtimePatches")
GVK = [{"group": TRAINJOBS.group, "version": TRAINJOBS.version, "kind": "TrainJob"}]


def described(reference: dict, *names: str) -> dict:
    """Schemas in which TrainJob refers to its spec as servers do, in place or elsewhere."""
    spec = {"properties": {name: {} for name in names}}
    job = {"x-kubernetes-group-version-kind": GVK, "properties": {"spec": reference or spec}}
    return {"org.TrainJob": job, "org.TrainJobSpec": spec}


@pytest.mark.parametrize("reference", [
    {}, {"$ref": "#/x/org.TrainJobSpec"}, {"allOf": [{"$ref": "#/x/org.TrainJobSpec"}]}
], ids=["in place", "reference", "allOf"])  # fmt: skip
def test_fields_of_a_release(stage, reference):
    """Which field a release knows is read from the description of its type, once."""
    schemas = described(reference, "trainer", "podSpecOverrides")
    stage.answers = [says(200, {"openapi": "3.0.0", "components": {"schemas": schemas}})]
    cluster = Cluster.at(stage.url)
    assert not cluster.knows(TRAINJOBS)
    assert cluster.knows(TRAINJOBS._replace(field="podSpecOverrides"))
    assert cluster.knows(TRAINJOBS._replace(field=""))
    assert [path for _, path, _, _ in stage.requests] == ["/openapi/v3/apis/trainer.kubeflow.org/v1alpha1"]


def test_fields_of_an_old_cluster(stage):
    """Without OpenAPI version 3, version 2 is used; a cluster with neither is assumed to know all fields."""
    old = {"swagger": "2.0", "definitions": described({}, "trainer")}
    stage.answers = [refuses(404, "NotFound", "no such page"), says(200, old)]
    assert not Cluster.at(stage.url).knows(TRAINJOBS)
    stage.answers = [refuses(403, "Forbidden", "you may not"), refuses(403, "Forbidden", "you may not")]
    assert Cluster.at(stage.url).knows(TRAINJOBS)


def test_a_sibling_tells_of_a_field(stage):
    """If a type of a release with the field is served, the schema is not requested."""
    jobs = Resource("kubeflow.org", "v1", "tfjobs", kind="TFJob", field="runPolicy", sibling="xgboostjobs")
    stage.answers = [aggregated(kubeflow_org=[version("v1", "tfjobs", "xgboostjobs")])]
    assert Cluster.at(stage.url).knows(jobs)
    gvk = [{"group": "kubeflow.org", "version": "v1", "kind": "TFJob"}]
    former = {"TFJob": {"x-kubernetes-group-version-kind": gvk, "properties": {
        "spec": {"properties": {"cleanPodPolicy": {}}}
    }}}  # fmt: skip
    stage.answers = [
        aggregated(kubeflow_org=[version("v1", "tfjobs")]),
        says(200, {"openapi": "3.0.0", "components": {"schemas": former}}),
    ]
    assert not Cluster.at(stage.url).knows(jobs)


@pytest.mark.parametrize("answer", [
    {"kind": "APIGroupList", "groups": [{}]},
    {"kind": "APIGroupDiscoveryList", "items": ["x"]},
    {"kind": "APIGroupDiscoveryList", "items": 3},
    {"kind": "Odd"},
], ids=str)  # fmt: skip
def test_what_is_no_cluster_is_said(stage, answer):
    """An answer that only looks like a cluster's is reported as such."""
    stage.answers = [says(200, answer)]
    with pytest.raises(Unreachable, match="not the cluster's API"):
        Cluster.at(stage.url).serves(TFJOBS)


def test_a_group_that_serves_nothing(stage):
    """A version without types, as a cluster writes it, serves none."""
    stage.answers = [GROUPS, says(200, {"kind": "APIResourceList", "resources": None})]
    assert not Cluster.at(stage.url).serves(TFJOBS)
