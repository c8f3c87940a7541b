"""Which types a cluster serves, where a part of its discovery is broken."""

from collections.abc import Iterator

import pytest
from servers import Stage, refuses, says

from arena import kinds
from arena.actions import readings, served
from arena.errors import Unreachable
from arena.kube import Cluster, Endpoint

GROUPS = {
    "kind": "APIGroupList",
    "groups": [
        {"name": name, "versions": [{"version": "v1"}], "preferredVersion": {"version": "v1"}}
        for name in ("kubeflow.org", "batch")
    ],
}


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A cluster before 1.26, whose every group is asked by itself; that of the training operator is down."""
    made = Stage()

    def answer(handler):
        if handler.path == "/apis":
            says(200, GROUPS)(handler)
        elif handler.path == "/apis/batch/v1":
            says(200, {"resources": [{"name": "jobs"}]})(handler)
        else:
            refuses(503, "ServiceUnavailable", "no endpoints available")(handler)

    made.answers = [answer]
    yield made
    made.close()


def test_a_group_that_is_down(stage):
    """Its kinds are left out, and it is asked once, however many kinds it has; those of others are served."""
    types = served.types(Cluster.at(stage.url, "the test's cluster"), kinds.training_kinds())
    assert [one.plural for one in types.served] == ["jobs"]
    assert {"tfjobs", "pytorchjobs"} <= {one.plural for one in types.errors}
    assert all(isinstance(one, Unreachable) for one in types.errors.values())
    asked = [path for _, path, _, _ in stage.requests if path == "/apis/kubeflow.org/v1"]
    assert len(asked) <= 4


@pytest.mark.parametrize(
    ("answer", "empty"),
    [
        (says(200, {"types": ["kubeflow.org/tfjobs"]}), ["jobs"]),
        (says(200, {"types": []}), ["jobs", "tfjobs"]),
        (says(200, {"types": "kubeflow.org/tfjobs"}), []),
        (says(200, b"[]"), []),
        (refuses(404, "NotFound", "no such path"), []),
    ],
)
def test_types_without_objects(stage, answer, empty):
    """Types of which the server has no objects are not read; all are if it does not say."""
    endpoint = Endpoint(server=stage.url, extras="/local")
    cluster = Cluster(lambda: endpoint, "the test's cluster")
    wanted = [kinds.find("job"), kinds.find("tfjob")]
    plurals = {"/apis/batch/v1": "jobs", "/apis/kubeflow.org/v1": "tfjobs"}

    def at(handler):
        if handler.path == "/apis":
            says(200, GROUPS)(handler)
        elif handler.path in plurals:
            says(200, {"resources": [{"name": plurals[handler.path]}]})(handler)
        else:
            answer(handler)

    stage.answers = [at]
    found = served.occupied(cluster, wanted, "team-a")
    assert [one.plural for one in found.served] == ["jobs", "tfjobs"]
    assert [one.plural for one in found.empty] == empty
    read = readings.read(found, lambda one: [{"metadata": {"name": one.plural}}])
    assert {one.plural: bool(objects) for one, objects in read.objects.items()} == {
        name: name not in empty for name in ("jobs", "tfjobs")
    }
    assert stage.requests[-1][1] == "/local/types?namespace=team-a&types=batch%2Fjobs%2Ckubeflow.org%2Ftfjobs"


def test_a_server_that_has_no_census(stage):
    """No other server is asked which types have objects."""
    cluster = Cluster.at(stage.url, "the test's cluster")
    assert not served.occupied(cluster, [kinds.find("job")], None).empty
    assert not any("types" in path for _, path, _, _ in stage.requests)
