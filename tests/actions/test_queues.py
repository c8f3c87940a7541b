"""The queue system of a submit, and the remarks if the queue has no effect."""

from dataclasses import replace

import pytest

from arena import kinds, labels
from arena.actions.diagnosis import ignored_queue
from arena.actions.submit import queues
from arena.actions.submit.queues import COSCHEDULED, PRIORITIES, QUEUE_PRIORITIES, QUEUES
from arena.errors import SpecError
from arena.kinds.spec import parse
from arena.kinds.training.specs.pytorchjob import PyTorchJobSpec
from arena.kube import Cluster
from arena.model.jobs import Job, Phase, Queue
from arena.resources import LOCAL_QUEUES, POD_GROUPS

PYTORCHJOB, MPIJOB = kinds.find("pytorchjob"), kinds.find("mpijob")
PYTORCH = PYTORCHJOB.resources[0]
OLD_MPI = next(one for one in MPIJOB.resources if one.version == "v1")


def spec(**given):
    return parse(PyTorchJobSpec, {"name": "bert", "command": "true", "image": "i", **given})


@pytest.mark.parametrize(
    ("served", "given", "chosen"),
    [
        ((), {"queue_name": "q"}, ""),
        ((POD_GROUPS,), {}, ""),
        ((POD_GROUPS,), {"queue_name": "q"}, "volcano"),
        ((POD_GROUPS, LOCAL_QUEUES), {"queue_name": "q"}, ""),
        ((POD_GROUPS,), {"gang": True}, "volcano"),
        ((POD_GROUPS, COSCHEDULED), {"gang": True}, ""),
        ((LOCAL_QUEUES,), {"gang": True}, ""),
        ((POD_GROUPS,), {"gang": True, "scheduler": "own"}, ""),
        ((POD_GROUPS,), {"queue_name": "q", "queue_system": "kueue"}, "kueue"),
    ],
)
def test_who_is_asked(shelf, served, given, chosen):
    """Volcano is used if the cluster has no Kueue for the queue, or nothing else for the gang."""
    for one in served:
        shelf.put(one, "n")
    assert queues.settled(shelf.cluster, spec(**given)).queue_system == chosen


def test_a_priority_that_is_missing(shelf):
    """A class that the cluster does not have is refused with those that it has; unseen ones are not."""
    assert queues.settled(shelf.cluster, spec(priority="high")) == spec(priority="high")
    shelf.put(PRIORITIES, None, {"metadata": {"name": "low"}}, {"metadata": {"name": "critical"}})
    cluster = Cluster.at(shelf.url, "the cluster")
    assert queues.settled(cluster, spec(priority="low")) == spec(priority="low")
    with pytest.raises(SpecError) as caught:
        queues.settled(cluster, spec(priority="high"))
    assert caught.value.message == '--priority "high": the cluster has no such priority class'
    assert caught.value.hint == "it has: critical, low"
    shelf.refused.add("priorityclasses")
    assert queues.settled(cluster, spec(priority="high")) == spec(priority="high")


def test_a_priority_of_a_queue(shelf):
    """A job with a queue of Kueue may name its classes; one that is of both is that of the pods."""
    shelf.put(LOCAL_QUEUES, "n")
    shelf.put(PRIORITIES, None, {"metadata": {"name": "low"}}, {"metadata": {"name": "both"}})
    shelf.put(QUEUE_PRIORITIES, None, {"metadata": {"name": "high"}}, {"metadata": {"name": "both"}})
    given = spec(priority="high", queue_name="q", label={"team": "x"})
    found = queues.settled(shelf.cluster, given)
    assert (found.priority, found.label) == ("", {labels.KUEUE_PRIORITY: "high", "team": "x"})
    for same in (replace(given, priority="low"), replace(given, priority="both")):
        assert queues.settled(shelf.cluster, same) == same
    with pytest.raises(SpecError, match="no such priority class") as caught:
        queues.settled(shelf.cluster, replace(given, priority="none"))
    assert caught.value.hint == "it has: both, low, high"
    with pytest.raises(SpecError, match="no such priority class"):
        queues.settled(shelf.cluster, replace(given, queue_system="volcano"))
    shelf.refused.add("priorityclasses")
    assert queues.settled(Cluster.at(shelf.url), given) == found
    shelf.refused = {"workloadpriorityclasses"}
    assert queues.settled(Cluster.at(shelf.url), given) == given


def test_a_cluster_without_queues(shelf):
    """Without Kueue or Volcano, a remark says that the queue has no effect."""
    assert queues.remarks(shelf.cluster, PYTORCHJOB, PYTORCH, spec(queue_name="q"), "n") == [
        '--queue-name "q" has no effect: the test\'s cluster has no Kueue'
    ]
    assert queues.remarks(
        shelf.cluster, PYTORCHJOB, PYTORCH, spec(queue_name="q", scheduler="volcano"), "n"
    ) == ['--queue-name "q" has no effect: the test\'s cluster has no Volcano']
    assert queues.remarks(shelf.cluster, PYTORCHJOB, PYTORCH, spec(), "n") == []


def test_a_kind_that_kueue_never_manages(shelf):
    """Kueue does not manage the MPIJob of training-operator."""
    shelf.put(LOCAL_QUEUES, "n", {"metadata": {"name": "q"}})
    [remark] = queues.remarks(shelf.cluster, MPIJOB, OLD_MPI, spec(queue_name="q"), "n")
    assert remark == '--queue-name "q" has no effect: Kueue does not manage MPIJob of kubeflow.org/v1'


def test_a_queue_that_is_missing(shelf):
    """A remark lists the queues of the namespace, unless the queue exists or cannot be seen."""
    shelf.put(LOCAL_QUEUES, "n", {"metadata": {"name": "team-a"}}, {"metadata": {"name": "spare"}})
    [remark] = queues.remarks(shelf.cluster, PYTORCHJOB, PYTORCH, spec(queue_name="q"), "n")
    there = "its queues: spare, team-a"
    assert (
        remark == f'--queue-name "q": namespace "n" has no such queue ({there}); the job waits until it has'
    )
    assert queues.remarks(shelf.cluster, PYTORCHJOB, PYTORCH, spec(queue_name="spare"), "n") == []
    shelf.refused.add("localqueues")
    assert queues.remarks(shelf.cluster, PYTORCHJOB, PYTORCH, spec(queue_name="q"), "n") == []


def test_volcanos_queues(shelf):
    """A remark reports a queue of Volcano that is missing or closed."""
    shelf.put(
        QUEUES,
        None,
        {"metadata": {"name": "shut"}, "status": {"state": "Closed"}},
        {"metadata": {"name": "q"}},
    )

    def told(name):
        given = spec(queue_name=name, queue_system="volcano")
        return queues.remarks(shelf.cluster, PYTORCHJOB, PYTORCH, given, "n")

    assert told("q") == []
    assert told("shut") == ['--queue-name "shut": the queue is Closed; the job waits until it opens']
    assert told("r") == [
        '--queue-name "r": the test\'s cluster has no such queue; the job waits until it has'
    ]


def test_queues_of_volcanos_own_jobs(shelf):
    """Of a queue that Volcano's own Jobs wait for in vain the user hears, too, but not of the default one."""
    shelf.put(QUEUES, None, {"metadata": {"name": "q"}})
    kind = kinds.find("volcanojob")

    def told(**given):
        whole = parse(kind.spec, {"name": "x", "command": "true", "image": "i", **given})
        return queues.remarks(shelf.cluster, kind, kind.resources[0], whole, "n")

    assert (told(), told(volcano_queue="q")) == ([], [])
    assert ["no such queue" in one for one in told(volcano_queue="r")] == [True]


def test_a_job_that_kueue_left_alone(shelf):
    """A job that Kueue did not suspend at its creation starts at once, and a warning says why."""
    queue = Queue(name="q", system="kueue")
    job = Job(name="bert", namespace="n", kind="pytorchjob", phase=Phase.PENDING, queue=queue)
    assert ignored_queue.finding(shelf.cluster, PYTORCH, job) is None  # said before it was made
    shelf.put(LOCAL_QUEUES, "n", {"metadata": {"name": "q"}})
    cluster = Cluster.at(shelf.url)
    found = ignored_queue.finding(cluster, PYTORCH, job)
    assert f"{found.cause}: {found.remedy}" == (
        "Kueue does not manage PyTorchJob on this cluster, so the job does not wait in its queue: "
        "an administrator has to add kubeflow.org/pytorchjob to Kueue's integrations"
    )
    assert ignored_queue.finding(cluster, PYTORCH, replace(job, phase=Phase.QUEUING)) is None
    assert (
        ignored_queue.finding(cluster, OLD_MPI, replace(job, kind="mpijob")) is None
    )  # said before it was made
    assert ignored_queue.finding(cluster, PYTORCH, replace(job, queue=None)) is None
