"""The runner and its queue: threads, failures, quotas."""

import threading
from datetime import datetime, timedelta, timezone

import pytest

from arena.local.objects import CONFIGMAPS, PODS, RESOURCE_QUOTAS, Refused
from arena.local.operators.clock import left, stamp
from arena.local.operators.operator import every, of_kind
from arena.local.operators.pytorchjob import PYTORCHJOBS
from arena.local.operators.queue import LATER, SOON, Queue
from arena.local.operators.runner import Runner


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
    """The delay doubles with each failure up to its limit, and starts anew after a success."""
    queue = Queue(clock)
    assert [queue.retry("a", LATER) for _ in range(9)] == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    queue.forget("a")
    assert queue.retry("a", SOON) == 0.02


def test_queue_when_the_clock_is_set_back(clock):
    """What is due now or in ten seconds stays so when the clock is set back by an hour."""
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
    """A moment that lies ahead, as the clock was set back, makes nobody wait longer than from now on."""
    moment = clock()
    assert left(stamp(moment + timedelta(hours=1)), 10, moment) == 10
    assert left(stamp(moment - timedelta(seconds=4)), 10, moment) == 6


def test_what_is_refused_for_ever_is_told(bench):
    """A job that cannot be carried out, as a name of what it needs is too long, says so in an Event."""
    bench.node()
    name = "a" * 60
    spec = {"pytorchReplicaSpecs": {"Master": bench.replica(1, "pytorch")}}
    bench.submit(PYTORCHJOBS, {"metadata": {"name": name}, "spec": spec})
    (message,) = bench.messages(name, "FailedReconcile")
    assert f'Service "{name}-master-0" is invalid: metadata.name' in message


def test_thread(api, bench):
    """In its own thread the runner answers to changes, and stops at once when told to."""
    seen = threading.Event()
    operator = of_kind(CONFIGMAPS, lambda objects, obj, now: seen.set())
    runner = Runner(api, operators=[operator])
    runner.start()
    api.create(CONFIGMAPS, {"metadata": {"name": "a"}}, "default")
    assert seen.wait(10)
    runner.stop()
    assert "operators" not in {thread.name for thread in threading.enumerate()}


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
    """What is refused is tried again: a conflict soon, other causes later."""
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
    """A watch that breaks is opened again, and what changed meanwhile is seen."""
    monkeypatch.setattr("arena.local.operators.runner.PAUSE", 0.01)
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
    """A pod that the quota refuses is told of on the job and made when there is room."""
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
