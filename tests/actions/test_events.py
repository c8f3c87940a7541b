"""What the cluster remarked: which events are a job's."""

from dataclasses import replace

import pytest
from shelf import Visitor

from arena import labels
from arena.actions.diagnosis.events import events
from arena.actions.diagnosis.explainers.kueue import POSITIONS, WORKLOADS
from arena.actions.diagnosis.periodic import Periodic
from arena.actions.jobs import wait
from arena.errors import TimedOut
from arena.kinds import find
from arena.model.findings import Finding
from arena.model.instances import Instance
from arena.model.jobs import Job, Phase, Queue
from arena.resources import EVENTS, LOCAL_QUEUES, PODS

PYTORCH = find("pytorchjob").resources[0]
JOB = Job(name="bert", namespace="n", kind="pytorchjob", phase=Phase.PENDING, uid="u-1")


def event(kind, name, uid="other", stamp="2030-01-01T00:00:00Z"):
    return {
        "metadata": {"name": f"{name}.1", "namespace": "n", "resourceVersion": "1"},
        "involvedObject": {"kind": kind, "name": name, "uid": uid},
        "reason": "Said",
        "message": "so",
        "lastTimestamp": stamp,
    }


def test_events_of_queues_and_gangs(shelf):
    """What Kueue says of the job's Workload and Volcano of its PodGroup is told; of other jobs' it is not."""
    own = [
        ("PyTorchJob", "bert", "u-1"),
        ("PodGroup", "bert"),
        ("PodGroup", "bert-u-1"),
        ("PodGroup", "podgroup-u-1"),
        ("Workload", "pytorchjob-bert-0a1b2"),
    ]
    others = [
        ("Workload", "pytorchjob-bert-2-0a1b2"),
        ("Workload", "pytorchjob-my-bert-0a1b2"),
        ("Workload", "bert"),
        ("PodGroup", "podgroup-u-2"),
        ("PyTorchJob", "bert-2", "u-2"),
        ("Pod", "bert"),
        ("TFJob", "bert"),
        ("Job", "bert"),
        ("JobSet", "bert"),
        ("CronJob", "bert"),
        ("Cron", "bert"),
        ("PyTorchJob", "bert", "before"),
    ]
    shelf.put(EVENTS, "n", *(event(*one) for one in (*own, *others)))
    told = [one.subject for one in events(Visitor(shelf.cluster), JOB)]
    assert sorted(told) == sorted(f"{kind.lower()}/{name}" for kind, name, *_ in own)


QUEUE = Queue(name="team-a", system="kueue")
WAITS = Finding("quota.kueue", "waits in queue team-a")
HELD = replace(JOB, phase=Phase.QUEUING, findings=(WAITS,), queue=QUEUE)


def test_events_of_what_a_job_makes_under_its_name(shelf):
    """The JobSet of a TrainJob and the Job of a RayJob are theirs, though users may submit such, too."""
    shelf.put(EVENTS, "n", event("JobSet", "bert"), event("Job", "bert"))
    for kind, own in (("trainjob", "jobset/bert"), ("rayjob", "job/bert")):
        told = events(Visitor(shelf.cluster), replace(JOB, kind=kind))
        assert [one.subject for one in told] == [own]


def place(shelf, number):
    """Kueue's answer for the job: so many are before it."""
    meta = {"name": "w", "namespace": "n", "labels": {labels.KUEUE_JOB_UID: JOB.uid}}
    shelf.put(WORKLOADS, "n", {"metadata": meta, "spec": {"queueName": "team-a"}})
    shelf.put(LOCAL_QUEUES, "n", {"metadata": {"name": "team-a", "namespace": "n"}})
    told = {"metadata": {"name": "w", "namespace": "n"}, "positionInLocalQueue": number}
    shelf.put(POSITIONS._replace(plural="localqueues/team-a/pendingworkloads"), "n", told)


def test_who_looks_again_and_again(shelf):
    """A position in a queue is reused for a while, and no longer shown for a job that runs."""
    place(shelf, 2)
    told = Periodic(shelf.cluster, "n", pause=60)
    assert [one.reason for one in told([HELD])] == ["waits in queue team-a, position 3"]
    asked = len(shelf.asked)
    place(shelf, 1)
    assert told([HELD])[0].queue.position == 3
    assert len(shelf.asked) == asked
    assert (told.within(None), told.within(1.0)) == (60, 1.0)
    runs = replace(HELD, phase=Phase.RUNNING, findings=())
    assert told([runs]) == [runs]
    assert told.within(None) is None


def test_a_place_that_changes(shelf):
    """After that time, the position is requested again."""
    told = Periodic(shelf.cluster, "n", pause=0)
    for number in (2, 1, 0):
        place(shelf, number)
        assert told([HELD])[0].queue.position == number + 1


def test_a_cluster_that_is_away(shelf):
    """Who looks again and again is told what was known, while nobody can be asked for more."""
    place(shelf, 2)
    told = Periodic(shelf.cluster, "n", pause=0)
    [known] = told([HELD])
    shelf.put(EVENTS, "n")
    lacks = replace(JOB, uid="u-2", wanted=1)
    shelf.leave()
    again, unclear = told([HELD, lacks])
    assert again == known
    assert (unclear.reason, [one.effect for one in unclear.unread]) == ("", ["reasons may be missing"])


def test_a_reason_of_before(shelf):
    """That instances could not be made is not told any more of a job which has them all."""
    told = Periodic(shelf.cluster, "n", pause=60)
    refusal = event("PyTorchJob", "bert", "u-1") | {"reason": "FailedCreatePod", "message": "exceeded quota"}
    shelf.put(EVENTS, "n", refusal)
    lacks = replace(JOB, wanted=1)
    assert told([lacks])[0].reason == "exceeded quota"
    whole = replace(lacks, instances=(Instance(name="bert-master-0", namespace="n"),))
    assert told([whole]) == [whole]


def test_waiting_for_many(shelf):
    """Why jobs wait in queues is asked once for all that are waited for."""
    names = ("a", "b", "c")
    held = {"runPolicy": {"suspend": True}}
    meta = {"namespace": "n", "labels": {labels.KUEUE_QUEUE: "team-a"}}
    shelf.put(PYTORCH, "n", *({"metadata": {**meta, "name": x, "uid": x}, "spec": held} for x in names))
    shelf.put(PODS, "n")
    place(shelf, 0)
    with pytest.raises(TimedOut, match='job "c" is still QUEUING'):
        wait.wait_all(Visitor(shelf.cluster, "n"), names, kind=find("pytorchjob"), until=wait.Goal(within=0))
    assert sum(path.partition("?")[0].endswith("/workloads") for path in shelf.asked) == 1
