"""The scheduler: fitting nodes, the order of pods, and the reasons why pods do not fit."""

import pytest

from arena.local.objects import NODES, PODS, Resource, WatchEvent
from arena.local.operators.core.scheduler import PASS, Scheduler

CLASSES = Resource("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", False)


@pytest.fixture
def put(bench):
    """Create a pod."""

    def make(name, limits=None, **spec):
        template = bench.template("c", resources={"limits": limits or {}})["spec"]
        return bench.objects.create(
            PODS, {"metadata": {"name": name}, "spec": {**template, **spec}}, "default"
        )

    return make


def where(bench):
    """Pod -> node."""
    return {name: pod["spec"].get("nodeName") for name, pod in bench.pods().items()}


def why(bench, name):
    """The message of a pod that waits."""
    (condition,) = bench.status(PODS, name)["conditions"]
    assert (condition["status"], condition["reason"]) == ("False", "Unschedulable")
    return condition["message"]


def test_bind(bench, put):
    """A pod that fits is bound, with its condition and an Event."""
    bench.node()
    put("a")
    bench.settled()
    assert where(bench) == {"a": "local"}
    (condition,) = bench.status(PODS, "a")["conditions"]
    assert (condition["type"], condition["status"]) == ("PodScheduled", "True")
    assert bench.messages("a", "Scheduled") == ["Successfully assigned default/a to local"]


def test_no_node_yet(bench, put):
    """Without a node a pod waits, and is bound when one comes."""
    put("a")
    bench.settled()
    assert why(bench, "a") == "no nodes available to schedule pods"
    bench.node().settled()
    assert where(bench) == {"a": "local"}


def test_gpus_run_out(bench, put):
    """A pod without room says so once, and goes in when a pod before it ends."""
    bench.node(**{"nvidia.com/gpu": "2"})
    put("a", {"nvidia.com/gpu": "2"})
    put("b", {"nvidia.com/gpu": 1})
    bench.settled().settled()
    assert where(bench) == {"a": "local", "b": None}
    assert why(bench, "b") == "0/1 nodes are available: 1 Insufficient nvidia.com/gpu."
    bench.runner.run_until_idle()
    assert bench.messages("b", "FailedScheduling") == [why(bench, "b")]
    bench.end("a")
    assert where(bench)["b"] == "local"


def test_all_reasons(bench, put):
    """The message counts each reason over the nodes."""
    bench.node("a", cpu="1")
    bench.node("b")
    bench.objects.patch(
        NODES, "b", {"spec": {"taints": [{"key": "k", "value": "v", "effect": "NoSchedule"}]}}
    )
    put("p", {"cpu": "2", "memory": "64Gi"})
    bench.settled()
    assert why(bench, "p") == (
        "0/2 nodes are available: 1 Insufficient cpu, 1 Insufficient memory, "
        "1 node(s) had untolerated taint {k: v}."
    )


def test_order(bench, put):
    """The higher priority goes first, whatever came first."""
    bench.objects.create(CLASSES, {"metadata": {"name": "high"}, "value": 1000})
    put("a", {"cpu": "8"})
    put("b", {"cpu": "8"}, priorityClassName="high")
    bench.node().settled()
    assert where(bench) == {"a": None, "b": "local"}


def test_gates(bench, put):
    """A pod behind a scheduling gate is not touched."""
    bench.node()
    put("a", schedulingGates=[{"name": "queue"}])
    bench.settled()
    assert where(bench) == {"a": None}
    assert "conditions" not in bench.status(PODS, "a")


def required(key, operator, *values):
    term = {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}
    node = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    return {"affinity": {"nodeAffinity": node}}


@pytest.mark.parametrize(
    ("spec", "fits"),
    [
        ({"nodeSelector": {"zone": "a"}}, True),
        ({"nodeSelector": {"zone": "b"}}, False),
        (required("zone", "In", "a", "b"), True),
        (required("zone", "NotIn", "a"), False),
        (required("zone", "Exists"), True),
        (required("zone", "DoesNotExist"), False),
        (required("rank", "Gt", "4"), True),
        (required("rank", "Lt", "4"), False),
        (required("other", "Gt", "4"), False),
        (required("rank", "Gt", "four"), False),
        ({"resources": None}, True),
    ],
)
def test_selection(bench, put, spec, fits):
    """Node selectors and required node affinity choose nodes by their labels."""
    bench.node()
    bench.objects.patch(NODES, "local", {"metadata": {"labels": {"zone": "a", "rank": "5"}}})
    put("p", **spec)
    bench.settled()
    assert where(bench)["p"] == ("local" if fits else None)
    if not fits:
        assert "didn't match Pod's node affinity/selector" in why(bench, "p")


@pytest.mark.parametrize(
    ("toleration", "fits"),
    [
        ({"key": "gpu", "operator": "Exists"}, True),
        ({"operator": "Exists"}, True),
        ({"key": "gpu", "value": "yes", "effect": "NoSchedule"}, True),
        ({"key": "gpu", "value": "no"}, False),
        ({"key": "gpu", "operator": "Exists", "effect": "NoExecute"}, False),
    ],
)
def test_tolerations(bench, put, toleration, fits):
    """A taint keeps pods out that do not tolerate it."""
    bench.node()
    taint = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}
    bench.objects.patch(NODES, "local", {"spec": {"taints": [taint]}})
    put("p", tolerations=[toleration])
    bench.settled()
    assert where(bench)["p"] == ("local" if fits else None)


def test_one_pod_too_many(bench, put):
    """The number of pods is a resource too."""
    bench.node(pods="1")
    put("a")
    put("b")
    bench.settled()
    assert why(bench, "b") == "0/1 nodes are available: 1 Too many pods."


def test_what_a_lost_watch_did_not_tell(bench, put):
    """Resources that were freed without a watch are found when a new watch begins."""
    bench.node(pods="1")
    scheduler = Scheduler()
    put("a")
    scheduler.reconcile(bench.objects, PASS, bench.now)
    bench.objects.delete(PODS, "a", "default", grace=0)
    put("b")
    scheduler.forget()
    scheduler.reconcile(bench.objects, PASS, bench.now)
    assert where(bench) == {"b": "local"}


def test_news_that_is_old(bench, put):
    """A bound pod is not bound again when the watch delivers its earlier state late."""
    bench.node(pods="1")
    scheduler = Scheduler()
    first = put("a")
    scheduler.reconcile(bench.objects, PASS, bench.now)
    scheduler.keys(bench.objects, WatchEvent("ADDED", PODS, first))
    assert scheduler.reconcile(bench.objects, PASS, bench.now) is None
    second = put("b")
    scheduler.keys(bench.objects, WatchEvent("ADDED", PODS, second))
    scheduler.reconcile(bench.objects, PASS, bench.now)
    assert where(bench) == {"a": "local", "b": None}


def test_a_pod_that_went_meanwhile(bench, put):
    """A waiting pod that is deleted before the watch says so holds no later pass up."""
    bench.node()
    scheduler = Scheduler()
    scheduler.reconcile(bench.objects, PASS, bench.now)
    gone = put("a")
    scheduler.keys(bench.objects, WatchEvent("ADDED", PODS, gone))
    bench.objects.delete(PODS, "a", "default", grace=0)
    assert scheduler.reconcile(bench.objects, PASS, bench.now) is not None
    assert scheduler.reconcile(bench.objects, PASS, bench.now) is None
