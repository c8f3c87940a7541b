"""Changes of jobs on clusters that do not apply them."""

import pytest
from shelf import Visitor

from arena import labels
from arena.actions.diagnosis.explainers.kueue import WORKLOADS
from arena.actions.jobs import halt, scale, suspend
from arena.errors import Conflict, MissingOperator
from arena.kinds import find
from arena.kinds.training.volcanojob import COMMANDS
from arena.resources import PODS

KIND = find("pytorchjob")


def job(**spec: object) -> dict[str, object]:
    """A PyTorchJob as a cluster gives it."""
    roles = {"Worker": {"replicas": 1, "template": {}}}
    return {
        "apiVersion": "kubeflow.org/v1",
        "kind": "PyTorchJob",
        "metadata": {"name": "bert", "namespace": "default", "uid": "u"},
        "spec": {"pytorchReplicaSpecs": roles, **spec},
    }


def test_a_cluster_that_drops_the_switch(shelf):
    """If the answer lacks the change, the error says that the operator is too old."""
    shelf.put(KIND.resources[0], "default", job())
    with pytest.raises(MissingOperator, match="ignored the change: its PyTorchJob is too old to suspend it"):
        suspend.suspend(Visitor(shelf.cluster), "bert", kind=KIND)


def test_a_cluster_that_drops_the_number(shelf):
    """A number of workers that does not hold is an error, too; one that holds already is not sent."""
    policy = {"minReplicas": 1, "maxReplicas": 3}
    shelf.put(KIND.resources[0], "default", job(elasticPolicy=policy))
    with pytest.raises(MissingOperator, match="too old to scale it"):
        scale.scale(Visitor(shelf.cluster), "bert", 2, kind=KIND)
    unchanged = []
    scale.scale(Visitor(shelf.cluster), "bert", 1, kind=KIND, unchanged=unchanged.append)
    assert [one.name for one in unchanged] == ["bert"]


@pytest.mark.parametrize("queued", [False, True])
def test_instances_that_do_not_end(shelf, queued):
    """A job is not resumed while pods of before are there: its operator would take them for failed ones."""
    suspended = job(runPolicy={"suspend": True})
    if queued:
        suspended["metadata"]["labels"] = {labels.KUEUE_QUEUE: "q"}
        held = {"name": "w", "namespace": "default", "labels": {labels.KUEUE_JOB_UID: "u"}}
        shelf.put(WORKLOADS, "default", {"metadata": held, "spec": {"active": False}})
    going = {"name": "bert-worker-0", "uid": "p", "deletionTimestamp": "2026-01-01T00:00:00Z"}
    shelf.put(KIND.resources[0], "default", suspended)
    marks = {labels.JOB_NAME: "bert", labels.OPERATOR_NAME: "pytorchjob-controller"}
    shelf.put(PODS, "default", {"metadata": {**going, "labels": marks}, "status": {"phase": "Failed"}})
    told = []
    with pytest.raises(Conflict, match="was not resumed: 1 of its instances have not ended"):
        suspend.resume(Visitor(shelf.cluster), "bert", kind=KIND, within=0, wait=told.append)
    assert told == [1]


def test_a_queued_job_is_ended_by_its_queue(shelf):
    """A job in a queue ends through its Workload: the queue would start a suspended one again."""
    queued = job()
    queued["metadata"]["labels"] = {labels.KUEUE_QUEUE: "q"}
    shelf.put(KIND.resources[0], "default", queued)
    held = {"name": "w", "namespace": "default", "uid": "w", "labels": {labels.KUEUE_JOB_UID: "u"}}
    shelf.put(WORKLOADS, "default", {"metadata": held, "spec": {"active": False}})
    halt.halt(shelf.cluster, KIND, KIND.resources[0], queued)
    assert [path.rpartition("/")[2].partition("?")[0] for path in shelf.asked][-1] == "w"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("sparkjob", "the operator of its SparkApplication is too old to suspend jobs"),
        ("volcanojob", "the test's cluster has no Command"),
        ("pytorchjob", ""),
        ("job", ""),
    ],
)
def test_kinds_that_cannot_be_ended(shelf, name, why):
    """It is known before a job exists whether the cluster could end it early."""
    kind = find(name)
    shelf.say(kind.resources[0], {})
    shelf.say(kind.resources[0]._replace(plural=f"namespaces/default/{kind.resources[0].plural}"), {})
    obj = {"metadata": {"name": "a"}, "spec": {}}
    assert halt.obstacle(shelf.cluster, kind, kind.resources[0], "default", obj).startswith(why)
    if name == "volcanojob":
        shelf.put(COMMANDS, "default")
        other = shelf.cluster.at(shelf.url, "the test's cluster")
        assert halt.obstacle(other, kind, kind.resources[0], "default", obj) == ""
