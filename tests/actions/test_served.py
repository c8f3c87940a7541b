"""Which types a cluster serves, where a part of its discovery is broken."""

from collections.abc import Iterator

import pytest
from servers import Stage, refuses, says

from arena import kinds
from arena.actions import served
from arena.errors import Unreachable
from arena.kube import Cluster

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
