"""What the cluster remarked: which events are a job's."""

from arena.actions.events import events
from arena.model import Job, Phase
from arena.resources import EVENTS

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
    ]
    shelf.put(EVENTS, "n", *(event(*one) for one in (*own, *others)))
    told = [one.subject for one in events(shelf.cluster, JOB)]
    assert sorted(told) == sorted(f"{kind.lower()}/{name}" for kind, name, *_ in own)
