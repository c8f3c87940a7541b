"""Logs of containers that a node has removed already."""

import pytest
from servers import Stage, says

from arena.actions.logs import Options, Tail
from arena.kinds import find
from arena.kinds.training.pods import instance
from arena.kube import Cluster

POD = {
    "metadata": {"name": "bert-worker-0", "namespace": "default", "uid": "u"},
    "spec": {"containers": [{"name": "pytorch"}]},
}
JOB = {"metadata": {"name": "bert", "namespace": "default"}, "spec": {}}


@pytest.fixture
def stage():
    one = Stage()
    yield one
    one.close()


def test_what_the_node_says_is_no_output(stage):
    """That a container's log is gone is not taken for a line of it, nor for the last one that was read."""
    gone = "unable to retrieve container logs for containerd://f46f05949c61"
    stage.answers = [says(200, gone), says(200, "2026-01-01T00:00:00.5Z step 1\n" + gone)]
    cluster = Cluster.at(stage.url, "the test's cluster")
    tail = Tail(cluster, find("pytorchjob").read(JOB, []), instance(POD), Options())
    assert list(tail.read()) == []
    assert [block.lines for block in tail.read()] == [["step 1"]]
    assert "sinceTime" not in stage.requests[-1][1]
