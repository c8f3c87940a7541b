"""Jobs in queues of Kueue and Volcano, and on volumes: whether they would start now, and when else."""

from datetime import datetime, timedelta, timezone

import pytest
from shelf import Visitor

from arena.actions.diagnosis.explainers.kueue import WORKLOADS
from arena.actions.fit import fit
from arena.actions.fit.queues import CLUSTER_QUEUES, FLAVORS
from arena.actions.submit.queues import QUEUES
from arena.kinds.option_values import Mount
from arena.kinds.training.specs.job import JobSpec
from arena.resources import CLAIMS, LOCAL_QUEUES, NODES, POD_GROUPS, PODS, Resource

JOBS = Resource("batch", "v1", "jobs", kind="Job")
GPU = "nvidia.com/gpu"


class At(Visitor):
    """A session at noon."""

    def now(self):
        return NOON


NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


def node(name, **labels):
    has = {"cpu": "64", "memory": "64Gi", "pods": "110", GPU: "8"}
    status = {"allocatable": has, "conditions": [{"type": "Ready", "status": "True"}]}
    return {"metadata": {"name": name, "labels": labels}, "status": status}


def cluster_queue(used, quota="8", **spec):
    flavor = {"name": "h100", "resources": [{"name": GPU, "nominalQuota": quota}]}
    usage = [{"name": "h100", "resources": [{"name": GPU, "total": str(used)}]}]
    groups = [{"coveredResources": [GPU], "flavors": [flavor]}]
    return {"metadata": {"name": "cq"}, "spec": {"resourceGroups": groups, **spec},
            "status": {"flavorsReservation": usage}}  # fmt: skip


def workload(name, gpus, began=None, ended=None):
    """A job of the queue: it waits, or has begun and ended some hours before noon."""
    times = {"Admitted": began, "Finished": ended}
    conditions = [
        {"type": kind, "status": "True", "lastTransitionTime": (NOON - timedelta(hours=one)).isoformat()}
        for kind, one in times.items()
        if one is not None
    ]
    if began is not None:
        conditions.append({"type": "QuotaReserved", "status": "True"})
    container = {"name": "c", "resources": {"limits": {GPU: str(gpus)}}}
    sets = [{"name": "main", "count": 1, "template": {"spec": {"containers": [container]}}}]
    return {"metadata": {"name": name, "namespace": "n"}, "spec": {"queueName": "q", "podSets": sets},
            "status": {"conditions": conditions}}  # fmt: skip


def put(shelf, queue, *workloads, pending=0):
    shelf.put(JOBS, "n")
    shelf.put(NODES, None, node("one", kind="h100"), node("two"))
    shelf.put(PODS, None)
    local = {"metadata": {"name": "q", "namespace": "n"}, "spec": {"clusterQueue": "cq"},
             "status": {"pendingWorkloads": pending}}  # fmt: skip
    shelf.put(LOCAL_QUEUES, "n", local)
    shelf.put(CLUSTER_QUEUES, None, queue)
    shelf.put(FLAVORS, None, {"metadata": {"name": "h100"}, "spec": {"nodeLabels": {"kind": "h100"}}})
    shelf.put(WORKLOADS, "n", *workloads)


def asked(shelf, gpus=4, **options):
    spec = JobSpec(name="a", command="true", image="i", gpus=gpus, queue_name="q", **options)
    return fit.fit(At(shelf.cluster, "n"), spec)


EARLIER = [workload(f"old-{number}", 8, 20, 18) for number in range(3)]


def test_a_queue_with_room(shelf):
    """A job for which the quota has room fits on the nodes of the queue's flavor."""
    put(shelf, cluster_queue(4))
    found = asked(shelf)
    assert (found.outcome, dict(found.roles[0].nodes)) == ("fits", {"one": 1})
    assert found.forecast
    assert (found.forecast.room, found.forecast.ahead) == (True, 0)


def test_a_queue_without_room(shelf):
    """A job for which the quota has no room waits until what runs has ended, as earlier jobs did."""
    put(shelf, cluster_queue(8), *EARLIER, workload("runs", 8, 0.5))
    found = asked(shelf)
    assert (found.outcome, found.fits) == ("queued", False)
    assert found.forecast
    assert found.forecast.start == NOON + timedelta(hours=1.5)
    assert found.forecast.reasons == (
        f"it needs 4 {GPU} of h100, and 0 of 8 are free",
        "in 1h to 1h, if jobs take as long as the 3 that ended before",
    )


def test_a_job_behind_others(shelf):
    """Those that wait before it take their part first."""
    put(shelf, cluster_queue(8), *EARLIER, workload("runs", 8, 1), workload("waits", 8), pending=1)
    found = asked(shelf)
    assert found.forecast
    assert (found.forecast.ahead, found.forecast.start) == (1, NOON + timedelta(hours=3))


def test_jobs_that_cannot_be_seen(shelf):
    """Where jobs of other namespaces wait, too, there is no estimate, and the reason is said."""
    put(shelf, cluster_queue(8), *EARLIER, workload("runs", 8, 1), pending=3)
    found = asked(shelf)
    assert found.forecast
    assert (found.forecast.ahead, found.forecast.start) == (3, None)
    assert found.forecast.reasons[-1].startswith("no estimate: jobs of other namespaces wait, too")


@pytest.mark.parametrize(
    ("earlier", "reason"),
    [
        (1, "no estimate: only 1 earlier job of the queue ended, too few to tell"),
        (3, "no estimate: what holds the quota has run longer than all earlier jobs, or cannot be seen"),
    ],
)
def test_why_there_is_no_estimate(shelf, earlier, reason):
    """Too few earlier jobs are one reason, and a job that runs longer than all of them is another."""
    put(shelf, cluster_queue(8), *EARLIER[:earlier], workload("runs", 8, 5))
    found = asked(shelf)
    assert found.forecast
    assert (found.forecast.start, found.forecast.reasons[-1]) == (None, reason)


def test_more_than_the_quota(shelf):
    """A job that needs more than the whole quota never starts, and gets no estimate."""
    put(shelf, cluster_queue(0, quota="2"), *EARLIER)
    found = asked(shelf)
    assert found.forecast
    assert (found.outcome, found.forecast.start) == ("queued", None)
    assert found.forecast.reasons == (f"it needs 4 {GPU} of h100, and 2 of 2 are free",)


def test_a_strict_queue(shelf):
    """In a strict queue, a job waits for those ahead although the quota has room, and that is said."""
    put(shelf, cluster_queue(0, queueingStrategy="StrictFIFO"), *EARLIER, workload("waits", 2), pending=1)
    found = asked(shelf)
    assert found.forecast
    assert (found.outcome, found.forecast.start) == ("queued", None)
    assert found.forecast.reasons == ("its queue is StrictFIFO: jobs ahead start first",)


def test_a_stopped_queue(shelf):
    """A queue that somebody has stopped starts nothing."""
    put(shelf, cluster_queue(0, stopPolicy="Hold"))
    found = asked(shelf)
    assert found.forecast
    assert (found.outcome, found.forecast.reasons) == ("queued", ("the queue is stopped",))


def test_an_unreadable_quota(shelf):
    """Who may not read the quota is not told that a job fits."""
    put(shelf, cluster_queue(0))
    shelf.refused.add("clusterqueues")
    found = asked(shelf)
    assert found.outcome == "unknown"
    assert "the quota of the queue is unknown" in [one.effect for one in found.unread]


def test_a_queue_of_volcano(shelf):
    """A queue of Volcano that has given away its capability holds a job back."""
    put(shelf, cluster_queue(0))
    queue = {
        "metadata": {"name": "q"},
        "spec": {"capability": {GPU: "8"}},
        "status": {"allocated": {GPU: "6"}},
    }
    shelf.put(QUEUES, None, queue)
    waits = {"metadata": {"name": "g"}, "spec": {"queue": "q"}, "status": {"phase": "Pending"}}
    shelf.put(POD_GROUPS, "n", waits)
    found = asked(shelf, queue_system="volcano")
    assert found.forecast
    assert (found.outcome, found.forecast.ahead) == ("queued", 1)
    assert found.forecast.reasons == (f"it needs 4 {GPU} of the queue, and 2 of 8 are free",)


def test_unreadable_volumes(shelf):
    """Who may not list volumes is not told that a job fits that mounts one, nor that its volume is gone."""
    meta = {"name": "data", "namespace": "n"}
    claim = {"metadata": meta, "spec": {"volumeName": "v"}, "status": {"phase": "Bound"}}
    shelf.put(JOBS, "n")
    shelf.put(NODES, None, node("one"))
    shelf.put(PODS, None)
    shelf.put(CLAIMS, "n", claim)
    shelf.refused.add("persistentvolumes")
    spec = JobSpec(name="a", command="true", image="i", data=(Mount("data", "/data"),))
    found = fit.fit(At(shelf.cluster, "n"), spec)
    assert (found.outcome, found.problems) == ("unknown", ())
    assert "zones of volumes are unchecked" in [one.effect for one in found.unread]
