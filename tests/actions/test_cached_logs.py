"""Logs of containers that a node has removed already."""

import threading
from contextlib import closing

import pytest
from servers import Stage, says, streams

from arena.actions.jobs.logs.follow import _follow, _pump
from arena.actions.jobs.logs.lines import Options
from arena.actions.jobs.logs.outlet import Outlet, start
from arena.actions.jobs.logs.tail import Tail
from arena.kinds import find
from arena.kinds.training.base.training_operator import TRAINING_OPERATOR
from arena.kinds.workload.instances import instance
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
    """That a container's log is gone is said once, and not taken for a line of it or the last one read."""
    gone = "unable to retrieve container logs for containerd://f46f05949c61"
    stage.answers = [says(200, gone), says(200, "2026-01-01T00:00:00.5Z step 1\n" + gone)]
    cluster = Cluster.at(stage.url, "the test's cluster")
    tail = Tail(cluster, find("pytorchjob").read(JOB, []), instance(POD, TRAINING_OPERATOR), Options())
    assert [(block.said, block.lines) for block in tail.read()] == [(gone, ())]
    assert [(block.said, block.lines) for block in tail.read()] == [("", [b"step 1"])]
    assert "sinceTime" not in stage.requests[-1][1]


def pod(restarts: int, phase: str = "Running") -> dict:
    """The pod whose container was started again so often."""
    status = {"name": "pytorch", "restartCount": restarts, "state": {"running": {}}}
    return {**POD, "status": {"phase": phase, "containerStatuses": [status]}}


def test_who_leaves_a_silent_log_leaves_no_thread(stage):
    """A reader that waits for a line ends when nobody reads the result any more."""
    over = threading.Event()

    def silent(handler):
        streams(b"2026-01-01T00:00:00.5Z step 1\n", end=False)(handler)
        over.wait(60)

    stage.answers = [says(200, pod(0)), silent, says(200, pod(0))]
    cluster = Cluster.at(stage.url, "the test's cluster")
    tail = Tail(cluster, find("pytorchjob").read(JOB, []), instance(pod(0), TRAINING_OPERATOR), Options())
    with closing(Outlet()) as out:
        reader = start(_pump, [tail], out)
        assert out.get(timeout=10).lines == [b"step 1"]
    reader.join(10)
    over.set()
    assert not reader.is_alive()


def test_a_restart_between_two_requests(stage):
    """A log that turns out to be that of a later run is put aside, and the run before it is read first."""
    runs = ["2026-01-01T00:00:00.5Z run 0\n", "2026-01-01T00:00:01.5Z run 1\n"]
    first = [says(200, pod(0)), says(200, runs[1]), says(200, pod(1))]
    second = [says(200, pod(1)), says(200, runs[0]), says(200, runs[1]), says(200, pod(1))]
    stage.answers = [*first, *second, says(200, pod(1, "Succeeded")), says(200, runs[1]), says(200, pod(1))]
    cluster = Cluster.at(stage.url, "the test's cluster")
    tail = Tail(cluster, find("pytorchjob").read(JOB, []), instance(pod(0), TRAINING_OPERATOR), Options())
    with closing(Outlet()) as out:
        _follow(tail, 0, out)
        shown = [out.get(timeout=1) for _ in range(out.qsize())]
    assert [line for block in shown for line in block.lines] == [b"run 0", b"run 1"]
