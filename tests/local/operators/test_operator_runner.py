"""The runner and its queue: threads, failures, quotas."""

import threading
import time
from datetime import datetime, timedelta, timezone

import pytest

from arena.local import pod_limit
from arena.local.machinery import creation_limit
from arena.local.machinery.clock import left, stamp
from arena.local.machinery.operator import every, of_kind
from arena.local.machinery.queue import LATER, SOON, Queue
from arena.local.machinery.runner import Runner
from arena.local.objects import CONFIGMAPS, EVENTS, PODS, RESOURCE_QUOTAS, Refused
from arena.local.operators.kubeflow.pytorchjob import PYTORCHJOBS


@pytest.fixture
def clock():
    """A clock set by hand: `clock.now += seconds`."""

    class Clock:
        seconds = 0.0

        def __call__(self):
            return datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=self.seconds)

    return Clock()


def test_every_kind_is_found():
    """The package's operators are found by listing it."""
    names = {operator.name for operator in every()}
    assert names > {"Deployment", "Job", "MPIJob", "PyTorchJob", "StatefulSet", "TFJob", "garbage", "proxy"}


def test_queue_order_and_duplicates(clock):
    """An item added twice comes once, at the earlier time."""
    queue = Queue(clock)
    queue.add("later", 10)
    queue.add("now")
    queue.add("now")
    queue.add("later", 5)
    queue.add("later", 20)
    assert (queue.pop(), queue.pop(), queue.wait()) == ("now", None, 5)
    clock.seconds = 5
    assert (queue.pop(), queue.pop(), queue.wait()) == ("later", None, None)


def test_queue_backoff(clock):
    """The delay doubles with each failure up to its limit, and is reset by a success."""
    queue = Queue(clock)
    assert [queue.retry("a", LATER) for _ in range(9)] == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    queue.forget("a")
    assert queue.retry("a", SOON) == 0.02


def test_queue_when_the_clock_is_set_back(clock):
    """Items stay due now or in ten seconds when the clock is set back by an hour."""
    clock.seconds = 7200
    queue = Queue(clock)
    queue.add("now")
    queue.add("later", 10)
    clock.seconds -= 3600
    assert (queue.pop(), queue.pop(), queue.wait()) == ("now", None, 10)
    queue.add("later", 5)
    clock.seconds += 5
    assert (queue.pop(), queue.pop(), queue.wait()) == ("later", None, None)


def test_a_pause_is_never_longer_than_it_was(clock):
    """A time that is in the future, as the clock was set back, does not lengthen waits counted from it."""
    moment = clock()
    assert left(stamp(moment + timedelta(hours=1)), 10, moment) == 10
    assert left(stamp(moment - timedelta(seconds=4)), 10, moment) == 6


def test_what_is_refused_for_ever_is_told(bench):
    """A job whose objects would have too long names reports that by an Event."""
    bench.node()
    name = "a" * 60
    spec = {"pytorchReplicaSpecs": {"Master": bench.replica(1, "pytorch")}}
    bench.submit(PYTORCHJOBS, {"metadata": {"name": name}, "spec": spec})
    (message,) = bench.messages(name, "FailedReconcile")
    assert f'Service "{name}-master-0" is invalid: metadata.name' in message


def test_thread(api, bench):
    """In its own thread the runner reacts to changes, and stops at once."""
    seen = threading.Event()
    operator = of_kind(CONFIGMAPS, lambda objects, obj, now: seen.set())
    runner = Runner(api, operators=[operator])
    runner.start()
    api.create(CONFIGMAPS, {"metadata": {"name": "a"}}, "default")
    assert seen.wait(10)
    runner.stop()
    assert "operators" not in {thread.name for thread in threading.enumerate()}


def test_what_takes_long_rests(api):
    """An object that changes all the time and takes long is looked at seldom, and its last change is seen."""
    calls = []

    def reconcile(objects, obj, now):
        calls.append(obj["data"]["n"])
        end = time.thread_time() + 0.1
        while time.thread_time() < end:
            pass

    runner = Runner(api, operators=[of_kind(CONFIGMAPS, reconcile)])
    runner.start()
    api.create(CONFIGMAPS, {"metadata": {"name": "a"}, "data": {"n": "0"}}, "default")
    began = time.monotonic()
    for number in range(1, 101):
        api.patch(CONFIGMAPS, "a", {"data": {"n": str(number)}}, "default")
        time.sleep(0.02)
    allowed = 2 + (time.monotonic() - began) / 0.5
    assert len(calls) <= allowed
    deadline = time.monotonic() + 20
    while "100" not in calls and time.monotonic() < deadline:
        time.sleep(0.02)
    runner.stop()
    assert calls[-1] == "100"


def test_called_again(api, clock):
    """An operator that asks to be called again in n seconds is."""
    calls = []

    def reconcile(objects, obj, now):
        calls.append(obj["metadata"]["name"])
        return 30.0

    runner = Runner(api, clock=clock, operators=[of_kind(CONFIGMAPS, reconcile)])
    api.create(CONFIGMAPS, {"metadata": {"name": "a"}}, "default")
    for seconds, expected in ((0, 1), (29, 1), (30, 2), (60, 3)):
        clock.seconds = seconds
        runner.run_until_idle()
        assert len(calls) == expected


def test_bug(api, clock, caplog):
    """A bug met by one object is logged with its traceback and stops neither others nor itself."""
    done = []

    def buggy(objects, obj, now):
        if obj["metadata"]["name"] == "bad":
            raise ZeroDivisionError
        done.append(obj["metadata"]["name"])

    runner = Runner(api, clock=clock, operators=[of_kind(CONFIGMAPS, buggy), of_kind(PODS, buggy)])
    for name in ("bad", "good"):
        api.create(CONFIGMAPS, {"metadata": {"name": name}}, "default")
    runner.run_until_idle()
    assert done == ["good"]
    assert "ZeroDivisionError" in caplog.text
    assert runner.run_until_idle() == 0
    clock.seconds = 1
    assert runner.run_until_idle() == 1


def test_refused(api, clock):
    """Refused writes are retried: conflicts soon, others later."""
    codes = [409, 500]

    def reconcile(objects, obj, now):
        if codes:
            raise Refused(codes.pop(0), "X", "no")

    runner = Runner(api, clock=clock, operators=[of_kind(CONFIGMAPS, reconcile)])
    api.create(CONFIGMAPS, {"metadata": {"name": "a"}}, "default")
    worked = []
    for seconds in (0, 0.02, 0.5, 1.02):
        clock.seconds = seconds
        worked.append(runner.run_until_idle())
    assert worked == [1, 1, 0, 1]


def test_lost_watch(api, monkeypatch):
    """A broken watch is opened again, and changes in between are noticed."""
    monkeypatch.setattr("arena.local.machinery.runner.PAUSE", 0.01)
    seen, opened = threading.Event(), []

    class Broken:
        def poll(self, timeout):
            raise Refused(410, "Expired", "too old")

        def close(self):
            pass

    class Flaky:
        def __getattr__(self, name):
            return getattr(api, name)

        def watch(self, *resources):
            opened.append(1)
            return Broken() if len(opened) == 1 else api.watch(*resources)

    api.create(CONFIGMAPS, {"metadata": {"name": "a"}}, "default")
    runner = Runner(Flaky(), operators=[of_kind(CONFIGMAPS, lambda objects, obj, now: seen.set())])
    runner.start()
    assert seen.wait(10)
    runner.stop()


def test_quota(bench):
    """A pod that the quota refuses is reported by an Event, and created when the quota allows it."""
    bench.node()
    quota = {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "1"}}}
    bench.objects.create(RESOURCE_QUOTAS, quota, "default")
    spec = {"pytorchReplicaSpecs": {"Worker": bench.replica(2, "pytorch")}}
    bench.submit(PYTORCHJOBS, {"metadata": {"name": "j"}, "spec": spec})
    assert len(bench.pods()) == 1
    assert bench.holding(PYTORCHJOBS, "j") == {"Created"}
    (message,) = bench.messages("j", "FailedCreatePod")
    assert "exceeded quota" in message
    bench.objects.patch(RESOURCE_QUOTAS, "q", {"spec": {"hard": {"pods": "2"}}}, "default")
    bench.later(5)
    assert len(bench.pods()) == 2


def test_quota_on_events(bench):
    """Where no Event may be made, jobs run all the same."""
    bench.node()
    quota = {"metadata": {"name": "q"}, "spec": {"hard": {"count/events": "0"}}}
    bench.objects.create(RESOURCE_QUOTAS, quota, "default")
    spec = {"pytorchReplicaSpecs": {"Worker": bench.replica(1, "pytorch")}}
    bench.submit(PYTORCHJOBS, {"metadata": {"name": "j"}, "spec": spec})
    assert bench.events("j") == []
    bench.run("j-worker-0").end("j-worker-0")
    assert "Succeeded" in bench.holding(PYTORCHJOBS, "j")


def crowd(count):
    """A PyTorchJob with a number of workers."""
    pod = {"spec": {"containers": [{"name": "pytorch", "image": "i"}]}}
    replicas = {"Worker": {"replicas": count, "template": pod}}
    return {"metadata": {"name": "crowd"}, "spec": {"pytorchReplicaSpecs": replicas}}


def test_a_crowd_comes_in_portions(bench, monkeypatch):
    """A pass creates a limited number of objects; the next ones create the rest, each replica once."""
    monkeypatch.setattr(creation_limit, "LARGEST", 10)
    passes = []

    class Counting(Runner):
        def _work(self, item):
            super()._work(item)
            passes.append(len(bench.pods()))

    bench.objects.create(PYTORCHJOBS, crowd(24))
    Counting(bench.objects, clock=lambda: bench.now).run_until_idle()
    assert len(bench.pods()) == 24
    assert max(passes[at + 1] - passes[at] for at in range(len(passes) - 1)) <= 10


def test_deletion_stops_creation(bench, monkeypatch):
    """A job that is deleted while its pods are made gets no further one, and loses those it has."""
    monkeypatch.setattr(creation_limit, "LARGEST", 10)
    bench.objects.create(PYTORCHJOBS, crowd(500))

    class Deleting(Runner):
        def _work(self, item):
            super()._work(item)
            if bench.pods():
                bench.objects.delete(PYTORCHJOBS, "crowd")

    Deleting(bench.objects, clock=lambda: bench.now).run_until_idle()
    assert bench.pods() == {}
    assert len(bench.objects.list(EVENTS)) < 100


def test_a_crowd_of_an_earlier_server(bench, monkeypatch):
    """A job that was stored when more was allowed gets no pods, only a word; after scaling down it runs."""
    monkeypatch.setenv("ARENA_LOCAL_PODS", "999999999")
    monkeypatch.setattr(pod_limit, "LARGEST", 2**60)
    bench.objects.create(PYTORCHJOBS, crowd(999_999_999))
    monkeypatch.delenv("ARENA_LOCAL_PODS")
    bench.settled()
    assert bench.pods() == {}
    told = [one["message"] for one in bench.objects.list(EVENTS) if one["reason"] == "TooManyPods"]
    assert told == [
        "PyTorchJob crowd requests 999999999 pods at once; "
        "one object may request at most 1000 here (ARENA_LOCAL_PODS)"
    ]
    fewer = {"spec": {"pytorchReplicaSpecs": {"Worker": {"replicas": 2}}}}
    bench.objects.patch(PYTORCHJOBS, "crowd", fewer)
    bench.settled()
    assert len(bench.pods()) == 2


def test_text_that_is_not_unicode(bench, caplog):
    """Half of a surrogate pair in a template is an Event's business, not a bug of the operator's."""
    job = crowd(1)
    job["spec"]["pytorchReplicaSpecs"]["Worker"]["template"]["metadata"] = {"labels": {"a\ud800": "b"}}
    bench.objects.create(PYTORCHJOBS, job)
    bench.settled()
    assert [one["reason"] for one in bench.objects.list(EVENTS) if one["type"] == "Warning"] == [
        "FailedCreatePod"
    ]
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
