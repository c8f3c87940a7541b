"""Why a job waits in a queue, and its position, according to Kueue and Volcano."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena import labels
from arena.actions.diagnosis import explain
from arena.actions.diagnosis.explainers import kueue, volcano
from arena.actions.diagnosis.explainers.kueue import POSITIONS, WORKLOADS
from arena.model.findings import Finding
from arena.model.jobs import Job, Phase, Queue, Usage
from arena.resources import LOCAL_QUEUES, POD_GROUPS

SHORT = "couldn't assign flavors to pod set main: insufficient unused quota for nvidia.com/gpu in flavor h100"


def job(name="bert", phase=Phase.QUEUING, system="kueue", namespace="n", queue="team-a"):
    return Job(
        name=name, namespace=namespace, kind="pytorchjob", phase=phase, uid=f"uid-{name}",
        findings=(Finding("quota.kueue", "waits in queue " + queue),),
        queue=Queue(name=queue, system=system),
    )  # fmt: skip


def workload(name="bert", *conditions, namespace="n", queue="team-a", created="2030-01-01T00:00:00Z", **spec):
    return {
        "metadata": {
            "name": f"pytorchjob-{name}-1a2b3",
            "namespace": namespace,
            "creationTimestamp": created,
            "labels": {labels.KUEUE_JOB_UID: f"uid-{name}"},
        },
        "spec": {"queueName": queue, **spec},
        "status": {"conditions": list(conditions)},
    }


def cond(kind, status="True", message="", reason="Because"):
    return {"type": kind, "status": status, "message": message, "reason": reason}


def local_queue(name="team-a", namespace="n", usage="flavorsUsage", stop="None", active="True", **status):
    flavors = [{"name": "h100", "resources": [{"name": "nvidia.com/gpu", "total": "8"}]}]
    return {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"clusterQueue": "cq", "stopPolicy": stop},
        "status": {
            usage: flavors,
            "conditions": [cond("Active", active, "Can't submit: no such flavor")],
            **status,
        },
    }


@pytest.mark.parametrize(
    ("conditions", "more", "reason", "pending"),
    [
        ([], {}, "", True),
        ([cond("QuotaReserved", "False", SHORT + ".\n")], {}, SHORT, True),
        ([cond("QuotaReserved")], {}, "it has its quota, and waits for its admission", False),
        ([cond("QuotaReserved"), cond("Admitted")], {}, "admitted, about to start", False),
        (
            [cond("QuotaReserved", "False", SHORT), cond("Evicted", reason="Preempted")],
            {},
            f"put back (Preempted): {SHORT}",
            True,
        ),
        ([cond("Evicted", message="deactivated by me")], {"active": False}, "deactivated by me", False),
        ([], {"active": False}, "", False),
    ],
)  # fmt: skip
def test_what_a_workload_says(conditions, more, reason, pending):
    """The reason is that of the condition that holds the job back; only who waits for quota has a place."""
    found = kueue.waiting(workload("bert", *conditions, **more))
    assert (found.reason, found.pending) == (reason, pending)


def test_admission_checks_are_named():
    """A job that has its quota waits for the checks that are not through yet."""
    obj = workload("bert", cond("QuotaReserved"))
    checks = [{"name": "provision", "state": "Pending"}, {"name": "budget", "state": "Ready"}]
    obj["status"]["admissionChecks"] = checks
    assert kueue.waiting(obj).reason == "it has its quota, and waits for provision"


@pytest.mark.parametrize("key", ["flavorsUsage", "flavorUsage"])
def test_usage_has_a_name_in_each_version(key):
    """What the jobs of a queue hold is read from the key of v1beta2 and from that of v1beta1."""
    found = kueue.read_queue(Queue(name="team-a", system="kueue"), local_queue(usage=key, pendingWorkloads=3))
    assert found.waiting == 3
    assert found.usage == (Usage(flavor="h100", resource="nvidia.com/gpu", total="8"),)


@pytest.mark.parametrize("version", ["v1beta1", "v1beta2"])
def test_places_count_from_one(shelf, version):
    """Kueue's place 2 (of 0, 1, 2) is the third of three, whichever version is served."""
    shelf.put(
        WORKLOADS._replace(version=version), "n", workload("bert", cond("QuotaReserved", "False", SHORT))
    )
    shelf.put(LOCAL_QUEUES._replace(version=version), "n", local_queue(pendingWorkloads=3))
    pending = {"metadata": {"name": "pytorchjob-bert-1a2b3", "namespace": "n"}, "positionInLocalQueue": 2}
    shelf.put(POSITIONS._replace(version=version, plural="localqueues/team-a/pendingworkloads"), "n", pending)
    [found] = explain.jobs(shelf.cluster, "n", [job()])
    assert found.reason == f"waits in queue team-a, position 3 of 3: {SHORT}"
    assert found.queue.position == 3


def test_places_are_counted_where_kueue_does_not_tell(shelf):
    """Without Kueue's own answer the order is that of priority, then of age; who was admitted is left out."""
    shelf.put(
        WORKLOADS, "n",
        workload("old", created="2030-01-01T00:00:01Z"),
        workload("new", created="2030-01-01T00:00:02Z"),
        workload("high", created="2030-01-01T00:00:03Z", priority=100),
        workload("done", cond("QuotaReserved"), cond("Finished")),
        workload("other", queue="team-b"),
    )  # fmt: skip
    shelf.put(LOCAL_QUEUES, "n", local_queue(), local_queue("team-b"))
    found = explain.jobs(
        shelf.cluster, "n", [job("old"), job("new"), job("high"), job("other", queue="team-b")]
    )
    assert [one.queue.position for one in found] == [2, 3, 1, 1]


def test_refused_places_are_counted(shelf):
    """A user who may not request positions from Kueue gets them nevertheless."""
    shelf.put(WORKLOADS, "n", workload())
    shelf.put(LOCAL_QUEUES, "n", local_queue())
    shelf.put(POSITIONS._replace(plural="localqueues/team-a/pendingworkloads"), "n")
    shelf.refused.add("pendingworkloads")
    [found] = explain.jobs(shelf.cluster, "n", [job()])
    assert found.queue.position == 1


def test_requests_do_not_grow_with_jobs(shelf):
    """A hundred jobs in one queue cost three requests: for workloads, queues and places."""
    names = [f"job-{number}" for number in range(100)]
    shelf.put(WORKLOADS, "n", *(workload(name) for name in names))
    shelf.put(LOCAL_QUEUES, "n", local_queue())
    items = [
        {"metadata": {"name": f"pytorchjob-{name}-1a2b3"}, "positionInLocalQueue": n}
        for n, name in enumerate(names)
    ]
    shelf.put(POSITIONS._replace(plural="localqueues/team-a/pendingworkloads"), "n", *items)
    found = explain.jobs(shelf.cluster, "n", [job(name) for name in names])
    assert [one.queue.position for one in found] == list(range(1, 101))
    assert len(shelf.asked) == 3


def test_nothing_is_asked_where_nothing_waits(shelf):
    """Jobs that run, and those of no queue, cost no request."""
    jobs = [job(phase=Phase.RUNNING), job(phase=Phase.SUCCEEDED, system="volcano")]
    assert explain.jobs(shelf.cluster, "n", jobs) == jobs
    assert explain.jobs(shelf.cluster, "n", []) == []
    assert shelf.asked == []


@pytest.mark.parametrize(
    ("queue", "reason"),
    [
        (None, "waits in queue team-a: the namespace has no such queue"),
        (local_queue(stop="Hold"), "waits in queue team-a, position 1: the queue is stopped"),
        (local_queue(active="False"), "waits in queue team-a, position 1: Can't submit: no such flavor"),
    ],
)
def test_a_queue_that_lets_nothing_through(shelf, queue, reason):
    """A queue that is missing, stopped or broken is the reason, rather than what Kueue says of the job."""
    shelf.put(WORKLOADS, "n", workload("bert", cond("QuotaReserved", "False", "Inadmissible")))
    shelf.put(LOCAL_QUEUES, "n", *([queue] if queue else []))
    [found] = explain.jobs(shelf.cluster, "n", [job()])
    assert found.reason == reason


def test_a_job_that_is_held_back(shelf):
    """A job whose Workload is not active is SUSPENDED: it has no turn until it is resumed."""
    shelf.put(LOCAL_QUEUES, "n", local_queue())
    shelf.put(WORKLOADS, "n", workload("bert", active=False))
    [found] = explain.jobs(shelf.cluster, "n", [job()])
    assert (found.phase, found.reason) == (Phase.SUSPENDED, "held back in queue team-a")
    gone = cond("Evicted", message="Exceeded the maximum number of re-queuing retries")
    shelf.put(WORKLOADS, "n", workload("bert", gone, active=False))
    [found] = explain.jobs(shelf.cluster, "n", [job()])
    assert found.reason == "held back in queue team-a: Exceeded the maximum number of re-queuing retries"


def test_a_job_that_kueue_has_not_seen(shelf):
    """A suspended job without a Workload says so; without Kueue it will wait forever."""
    shelf.put(WORKLOADS, "n")
    shelf.put(LOCAL_QUEUES, "n", local_queue())
    [found] = explain.jobs(shelf.cluster, "n", [job()])
    assert found.reason == "waits in queue team-a: Kueue has not looked at it yet"


def test_a_cluster_without_kueue(shelf):
    """A job that waits for a queue which no one serves is suspended, and says so."""
    [found] = explain.jobs(shelf.cluster, "n", [job()])
    why = "it is suspended, and the cluster has no Kueue to start it from queue team-a"
    assert (found.phase, found.reason) == (Phase.SUSPENDED, why)


def test_who_may_not_read_workloads(shelf):
    """The job still says in which queue it waits."""
    shelf.put(WORKLOADS, "n")
    shelf.refused.add("workloads")
    [found] = explain.jobs(shelf.cluster, "n", [job()])
    assert replace(found, unread=()) == job()
    assert [one.effect for one in found.unread] == ["reasons may be missing"]


def group(phase, owner="uid-bert", **more):
    return {
        "metadata": {"name": "pg", "namespace": "n", "ownerReferences": [{"uid": owner}]},
        "spec": {"queue": "gold", "minMember": 2},
        "status": {"phase": phase, **more},
    }


SHY = cond("Unschedulable", message="2/2 tasks in gang unschedulable: pod group is not ready, 2 minAvailable")


@pytest.mark.parametrize(
    ("found", "phase", "reason"),
    [
        (group("Pending"), Phase.QUEUING, "waits in queue gold"),
        (group("Pending", conditions=[SHY]), Phase.QUEUING, f"waits in queue gold: {SHY['message']}"),
        (group("Inqueue", conditions=[SHY]), Phase.PENDING, SHY["message"]),
        (group("Running", conditions=[{**SHY, "status": "False"}]), Phase.PENDING, "waits in queue team-a"),
        (group("Pending", owner="another"), Phase.PENDING, "waits in queue team-a"),
    ],
)
def test_what_a_pod_group_says(shelf, found, phase, reason):
    """A gang that Volcano has not admitted is QUEUING; one without enough resources says which."""
    shelf.put(POD_GROUPS, "n", found)
    [one] = explain.jobs(shelf.cluster, "n", [job(phase=Phase.PENDING, system="volcano")])
    assert (one.phase, one.reason) == (phase, reason)


def owned(uid, owner):
    """An object that stands between a job and its pods."""
    reference = {"uid": owner, "controller": True}
    meta = {"name": uid, "namespace": "n", "uid": uid, "labels": {labels.JOBSET_NAME: "set"}}
    return {"metadata": {**meta, "ownerReferences": [reference]}}


JOBS, JOBSETS, RAYCLUSTERS = (resource for resource, _ in volcano.INTERMEDIATE)


@pytest.mark.parametrize(
    "chain",
    [
        {JOBS: [owned("a", "uid-bert"), owned("b", "uid-bert")]},
        {JOBSETS: [owned("set", "uid-bert")], JOBS: [owned("a", "set"), owned("b", "set")]},
        {RAYCLUSTERS: [owned("a", "uid-bert"), owned("b", "uid-bert")]},
    ],
    ids=["jobset", "trainjob", "rayjob"],
)
def test_a_pod_group_of_what_the_job_made(shelf, chain):
    """Of the PodGroups of a job's own Jobs or clusters the one that is furthest back tells of the job."""
    shelf.put(POD_GROUPS, "n", group("Running", owner="a"), group("Pending", owner="b", conditions=[SHY]))
    for resource, objects in chain.items():
        shelf.put(resource, "n", *objects)
    other = job("other", phase=Phase.PENDING, system="volcano")
    one, same = explain.jobs(shelf.cluster, "n", [job(phase=Phase.PENDING, system="volcano"), other])
    assert (one.phase, one.reason) == (Phase.QUEUING, f"waits in queue gold: {SHY['message']}")
    assert same == other


def test_owners_in_a_circle(shelf):
    """Objects that own each other, as anybody may write, do not cause an endless loop."""
    shelf.put(POD_GROUPS, "n", group("Pending", owner="a"))
    shelf.put(JOBS, "n", owned("a", "b"), owned("b", "a"))
    bert = job(phase=Phase.PENDING, system="volcano")
    assert explain.jobs(shelf.cluster, "n", [bert]) == [bert]


def test_who_may_not_see_what_stands_between(shelf):
    """Where a job's own Jobs may not be listed, it waits without a reason, and others have theirs."""
    shelf.put(POD_GROUPS, "n", group("Pending", owner="a"), group("Pending", owner="uid-gpt"))
    shelf.put(JOBS, "n", owned("a", "uid-bert"))
    shelf.refused.add("jobs")
    bert, gpt = (job(name, phase=Phase.PENDING, system="volcano") for name in ("bert", "gpt"))
    one, two = explain.jobs(shelf.cluster, "n", [bert, gpt])
    assert one == bert
    assert (two.phase, two.reason) == (Phase.QUEUING, "waits in queue gold")


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 9), st.sampled_from("ab")), max_size=12))
def test_ranks(rows):
    """Within each queue, positions are 1 to n, in the order of priority and age."""
    found = [
        kueue.waiting(workload(f"j{n}", queue=queue, created=f"2030-01-01T00:00:0{age}Z", priority=priority))
        for n, (priority, age, queue) in enumerate(rows)
    ]
    places = kueue.ranked(found)
    for queue in "ab":
        own = sorted((one for one in found if one.queue[1] == queue), key=lambda one: places["n", one.name])
        assert [places["n", one.name] for one in own] == list(range(1, len(own) + 1))
        assert [one.rank[:2] for one in own] == sorted(one.rank[:2] for one in own)
