"""HorizontalPodAutoscalers: what metrics suggest, within limits, and what is told about it.

The test plays the node: it says what pods use. The expected numbers are those of Kubernetes' own tests of its
controller, or follow from its documentation.
"""

import pytest

from arena.local.machinery import traffic
from arena.local.machinery.clock import stamp
from arena.local.objects import (
    AUTOSCALERS,
    DEMAND,
    DEPLOYMENTS,
    EVENTS,
    HOLD,
    POD_METRICS,
    PODS,
    SERVICES,
    Refused,
)
from arena.local.operators.autoscaling import calculator
from arena.local.operators.lws.leaderworkerset import LEADER_WORKER_SETS

CPU = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
}
LABELS = {"app": "w"}


class Scaled:
    """A Deployment `w` whose pods request one CPU, and an autoscaler `a` for it."""

    def __init__(self, bench):
        self.bench = bench
        self.cpu = {}
        """Pod -> the thousandths of a CPU that it uses; pods that are not in it are not measured."""
        self.usual = None
        """What pods use that are not in `cpu`; None if they are not measured."""
        bench.node(cpu="1000", pods="1000")
        bench.objects.measured[POD_METRICS] = self._metrics

    def _metrics(self, namespace, labels):
        found = [
            (pod, self.cpu.get(name, self.usual))
            for name, pod in self.bench.pods(labels).items()
            if pod["status"].get("phase") == "Running"
        ]
        return [self._measured(pod, cpu) for pod, cpu in found if cpu is not None]

    def _measured(self, pod, cpu):
        usage = {"cpu": f"{cpu}m", "memory": "100Mi"}
        containers = [{"name": one["name"], "usage": usage} for one in pod["spec"]["containers"]]
        meta = {"name": pod["metadata"]["name"], "namespace": "default"}
        return {
            "metadata": meta,
            "timestamp": stamp(self.bench.now),
            "window": "1s",
            "containers": containers,
        }

    def deployment(self, replicas, cpu="1"):
        """Create the Deployment, whose pods have been ready for a while."""
        resources = {"requests": {"cpu": cpu, "memory": "50Mi"}} if cpu else {}
        template = self.bench.template("c", LABELS, resources=resources)
        spec = {"replicas": replicas, "selector": {"matchLabels": LABELS}, "template": template}
        self.bench.submit(DEPLOYMENTS, {"metadata": {"name": "w"}, "spec": spec})
        self.start()
        self.bench.later(400)

    def start(self):
        """The kubelet: all pods that wait run and are ready."""
        for name, pod in self.bench.pods().items():
            if pod["status"]["phase"] == "Pending":
                started = {"status": {"startTime": stamp(self.bench.now)}}
                self.bench.objects.patch(PODS, name, started, "default", "status")
                self.bench.run(name)
        self.bench.bury()

    def autoscaler(self, most=10, metrics=(CPU,), kind="Deployment", api="apps/v1", **spec):
        """Create the autoscaler."""
        target = {"apiVersion": api, "kind": kind, "name": "w"}
        body = {"scaleTargetRef": target, "maxReplicas": most, "metrics": list(metrics), **spec}
        return self.bench.submit(AUTOSCALERS, {"metadata": {"name": "a"}, "spec": body})

    @property
    def replicas(self):
        """The number of replicas that the Deployment requests."""
        return self.bench.read(DEPLOYMENTS, "w")["spec"]["replicas"]

    def next(self, seconds=5):
        """Let time pass and the autoscaler work; its pods start at once."""
        self.bench.later(seconds)
        self.start()
        return self.replicas

    def condition(self, kind):
        """The status, reason and message of a condition."""
        found = self.bench.status(AUTOSCALERS, "a")["conditions"]
        one = next(one for one in found if one["type"] == kind)
        return one["status"], one["reason"], one["message"]


@pytest.fixture
def scaled(bench):
    return Scaled(bench)


def test_more_pods(scaled):
    """Pods that use more than the target get company: three at 90 % of 50 % become six."""
    scaled.deployment(3)
    scaled.usual = 900
    scaled.autoscaler()
    assert scaled.replicas == 6
    status = scaled.bench.status(AUTOSCALERS, "a")
    assert (status["currentReplicas"], status["desiredReplicas"]) == (3, 6)
    assert status["currentMetrics"] == [
        {
            "type": "Resource",
            "resource": {"name": "cpu", "current": {"averageUtilization": 90, "averageValue": "900m"}},
        }
    ]
    assert status["lastScaleTime"] == stamp(scaled.bench.now)
    assert scaled.bench.messages("a", "SuccessfulRescale") == [
        "New size: 6; reason: cpu resource utilization (percentage of request) above target"
    ]
    assert scaled.condition("AbleToScale") == (
        "True",
        "SucceededRescale",
        "the HPA controller was able to update the target scale to 6",
    )
    assert scaled.condition("ScalingActive") == (
        "True",
        "ValidMetricFound",
        "the HPA was able to successfully calculate a replica count from cpu resource utilization "
        "(percentage of request)",
    )
    assert scaled.condition("ScalingLimited")[:2] == ("False", "DesiredWithinRange")


@pytest.mark.parametrize(("cpu", "replicas"), [(559, 4), (560, 5), (450, 4)])
def test_tolerance(scaled, cpu, replicas):
    """A tenth above or below the target changes nothing."""
    scaled.deployment(4)
    scaled.usual = cpu
    scaled.autoscaler()
    assert scaled.replicas == replicas


def test_own_tolerance(scaled):
    """A behavior may set the tolerance of each direction."""
    scaled.deployment(4)
    scaled.usual = 540
    scaled.autoscaler(behavior={"scaleUp": {"tolerance": "0.05"}})
    assert scaled.replicas == 5


def test_no_further_than_the_limits(scaled):
    """One step leads to twice the pods or to four, and no step beyond maxReplicas."""
    scaled.deployment(1)
    scaled.usual = 5000
    scaled.autoscaler(most=10)
    assert scaled.replicas == 4
    assert scaled.condition("ScalingLimited") == (
        "True",
        "ScaleUpLimit",
        "the desired replica count is increasing faster than the maximum scale rate",
    )
    scaled.start()
    assert scaled.next() == 8
    assert scaled.next() == 10
    scaled.next()
    assert scaled.condition("ScalingLimited")[:2] == ("True", "TooManyReplicas")


def test_fewer_pods_after_five_minutes(scaled):
    """The highest recommendation of five minutes holds; then the pods go, down to minReplicas."""
    scaled.deployment(5)
    scaled.usual = 500
    scaled.autoscaler(minReplicas=2)
    assert scaled.next() == 5
    scaled.usual = 10
    assert scaled.next(290) == 5
    assert scaled.condition("AbleToScale")[:2] == ("True", "ScaleDownStabilized")
    assert scaled.next(20) == 2
    assert scaled.condition("ScalingLimited")[:2] == ("True", "TooFewReplicas")
    assert scaled.bench.messages("a", "SuccessfulRescale") == [
        "New size: 2; reason: All metrics below target"
    ]


def test_a_new_server_scales_nothing_down_at_once(scaled):
    """What was recommended is lost with the server; the present number counts as the first recommendation."""
    scaled.deployment(5)
    scaled.usual = 10
    scaled.bench.runner = scaled.bench.new_runner()
    scaled.autoscaler()
    assert scaled.next(200) == 5
    scaled.bench.runner = scaled.bench.new_runner()
    assert scaled.next(200) == 5
    assert scaled.next(290) == 5
    assert scaled.next(20) == 1


def test_windows_of_a_behavior(scaled):
    """A window for more pods takes the lowest recommendation in it, and one of 0 lets pods go at once."""
    scaled.deployment(4)
    scaled.usual = 500
    up, down = {"stabilizationWindowSeconds": 60}, {"stabilizationWindowSeconds": 0}
    scaled.autoscaler(behavior={"scaleUp": up, "scaleDown": down})
    scaled.usual = 1000
    assert scaled.next(10) == 4
    assert scaled.condition("AbleToScale")[:2] == ("True", "ScaleUpStabilized")
    assert scaled.next(61) == 8
    scaled.usual = 10
    assert scaled.next() == 1


def test_policies_up(scaled):
    """Of several policies the one that allows most counts, or with Min the one that allows least."""
    scaled.deployment(4)
    scaled.usual = 5000
    policies = [
        {"type": "Pods", "value": 2, "periodSeconds": 60},
        {"type": "Percent", "value": 25, "periodSeconds": 60},
    ]
    scaled.autoscaler(most=100, behavior={"scaleUp": {"policies": policies, "selectPolicy": "Min"}})
    assert scaled.replicas == 5
    scaled.start()
    assert scaled.next(30) == 5
    assert scaled.condition("ScalingLimited")[:2] == ("True", "ScaleUpLimit")
    assert scaled.next(40) == 7  # a quarter of five more, rounded up
    patch = {"spec": {"behavior": {"scaleUp": {"selectPolicy": "Max"}}}}
    scaled.bench.objects.patch(AUTOSCALERS, "a", patch, "default")
    scaled.bench.settled()
    assert scaled.next(60) == 9


def test_policies_down(scaled):
    """Pods go as fast as the policy says; Disabled keeps them all."""
    scaled.deployment(8)
    scaled.usual = 1
    rules = {"stabilizationWindowSeconds": 0, "policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]}
    scaled.autoscaler(behavior={"scaleDown": rules})
    assert scaled.replicas == 7
    scaled.bench.bury()
    assert scaled.next(30) == 7
    assert scaled.condition("ScalingLimited")[:2] == ("True", "ScaleDownLimit")
    assert scaled.next(31) == 6
    patch = {"spec": {"behavior": {"scaleDown": {"selectPolicy": "Disabled"}}}}
    scaled.bench.objects.patch(AUTOSCALERS, "a", patch, "default")
    assert scaled.next(120) == 6


def test_pods_without_a_measurement(scaled):
    """An unmeasured pod moderates: it uses nothing before pods are added, and its target before they go."""
    scaled.deployment(4)
    first, second, *rest = scaled.bench.pods()
    scaled.cpu = {first: 1000, second: 1000}
    scaled.autoscaler()
    assert scaled.replicas == 4  # 2 of 4 at 200 % of the target are 100 %
    scaled.cpu = {first: 100, second: 100, rest[0]: 100}
    assert scaled.next(400) == 3  # (3 x 10 % + 100 %) / 4 / 50 % = 0.65 of 4 pods


def test_just_the_target(scaled):
    """Pods whose usage is just the target stay as they are, whatever those do that are not measured."""
    scaled.deployment(4)
    first, second, *_ = scaled.bench.pods()
    scaled.cpu = {first: 300, second: 700}
    scaled.autoscaler()
    assert scaled.next(400) == 4


def test_pods_that_start(scaled):
    """Pods that are not ready yet moderate an increase, as do new ones that tell no time of their start."""
    scaled.deployment(2)
    scaled.usual = 900
    scaled.autoscaler()
    assert scaled.replicas == 4
    scaled.bench.later(5)
    assert scaled.replicas == 4  # the two new ones wait for a node
    scaled.bench.run(*scaled.bench.pods())
    scaled.bench.later(5)
    assert scaled.replicas == 4  # they tell no time at which they started


def test_the_highest_of_several_metrics(scaled):
    """The metric that suggests most pods decides; if one says nothing, no pods are removed."""
    memory = {
        "type": "Resource",
        "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "50Mi"}},
    }
    scaled.deployment(2)
    scaled.usual = 500
    scaled.autoscaler(metrics=[CPU, memory])
    assert scaled.replicas == 4
    assert "memory resource above target" in scaled.bench.messages("a", "SuccessfulRescale")[0]
    container = {
        "type": "ContainerResource",
        "containerResource": {"name": "cpu", "container": "other", "target": CPU["resource"]["target"]},
    }
    scaled.start()
    patch = {"spec": {"metrics": [CPU, container]}}
    scaled.bench.objects.patch(AUTOSCALERS, "a", patch, "default")
    scaled.usual = 1
    assert scaled.next(600) == 4
    status, reason, message = scaled.condition("ScalingActive")
    assert (status, reason) == ("False", "FailedGetContainerResourceMetric")
    assert "container other not present in metrics for pod" in message


def test_nothing_measured(scaled):
    """Without measurements nothing changes, and condition and Events say why, in Kubernetes' words."""
    scaled.deployment(2)
    scaled.autoscaler()
    assert scaled.replicas == 2
    why = (
        "failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from "
        "resource metrics API"
    )
    text = f"the HPA was unable to compute the replica count: {why}"
    assert scaled.condition("ScalingActive") == ("False", "FailedGetResourceMetric", text)
    assert scaled.bench.messages("a", "FailedGetResourceMetric") == [why]
    assert scaled.bench.messages("a", "FailedComputeMetricsReplicas") == [
        "invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: "
        + why
    ]
    assert scaled.bench.status(AUTOSCALERS, "a")["currentReplicas"] == 2


def test_warnings_are_not_repeated_all_the_time(scaled):
    """A warning is told again every five minutes, not at every pass."""
    scaled.deployment(1)
    scaled.autoscaler()
    for _ in range(20):
        scaled.bench.later(5)
    found = [one for one in scaled.bench.objects.list(EVENTS) if one["reason"] == "FailedGetResourceMetric"]
    assert [one["count"] for one in found] == [1]
    scaled.bench.later(300)
    found = [one for one in scaled.bench.objects.list(EVENTS) if one["reason"] == "FailedGetResourceMetric"]
    assert [one["count"] for one in found] == [2]


def test_no_requests(scaled):
    """A utilization is a part of what pods request, so pods without a request cannot be scaled by it."""
    scaled.deployment(1, cpu=None)
    scaled.usual = 900
    scaled.autoscaler()
    name = next(iter(scaled.bench.pods()))
    assert scaled.condition("ScalingActive")[2].endswith(
        f"failed to get cpu utilization: missing request for cpu in container c of Pod {name}"
    )


def test_bounds(scaled):
    """More pods than maxReplicas or fewer than minReplicas are corrected at once, without any metric."""
    scaled.deployment(5)
    scaled.autoscaler(most=3)
    assert scaled.replicas == 3
    patch = {"spec": {"minReplicas": 6, "maxReplicas": 9}}
    scaled.bench.objects.patch(AUTOSCALERS, "a", patch, "default")
    scaled.bench.settled()
    assert scaled.replicas == 6
    assert set(scaled.bench.messages("a", "SuccessfulRescale")) == {
        "New size: 3; reason: Current number of replicas above Spec.MaxReplicas",
        "New size: 6; reason: Current number of replicas below Spec.MinReplicas",
    }


def test_zero_switches_it_off(scaled):
    """Somebody who scales to zero has switched the autoscaler off, until somebody scales up again."""
    scaled.deployment(0)
    scaled.autoscaler()
    assert scaled.replicas == 0
    assert scaled.condition("ScalingActive") == (
        "False",
        "ScalingDisabled",
        "scaling is disabled since the replica count of the target is zero",
    )


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ({}, 'deployments.apps "w" not found'),
        ({"kind": "Nothing"}, "could not find the requested resource"),
        ({"kind": "Pod", "api": "v1"}, "could not find the requested resource"),
    ],
)
def test_no_target(scaled, target, why):
    """A target that is not there, or that has no scale, is reported."""
    scaled.autoscaler(**target)
    status, reason, message = scaled.condition("AbleToScale")
    assert (status, reason) == ("False", "FailedGetScale")
    assert why in message
    assert why in scaled.bench.messages("a", "FailedGetScale")[0]


def test_groups_of_pods(scaled):
    """The groups of a LeaderWorkerSet are scaled by what their leaders use."""
    bench = scaled.bench
    template = bench.template("c", resources={"requests": {"cpu": "1"}})
    spec = {"replicas": 1, "leaderWorkerTemplate": {"size": 2, "workerTemplate": template}}
    bench.submit(LEADER_WORKER_SETS, {"metadata": {"name": "w"}, "spec": spec})
    scaled.start()
    bench.later(400)
    scaled.cpu = {"w-0": 1000}
    scaled.autoscaler(kind="LeaderWorkerSet", api="leaderworkerset.x-k8s.io/v1")
    assert bench.read(LEADER_WORKER_SETS, "w")["spec"]["replicas"] == 2
    assert "w-1-1" in bench.pods()


def test_not_more_often_than_its_period(scaled):
    """A change of the status is no reason for another pass; a change of the spec is."""
    scaled.deployment(1)
    scaled.usual = 5000
    scaled.autoscaler(most=100)
    scaled.start()
    assert scaled.replicas == 4
    scaled.bench.later(3)
    assert scaled.replicas == 4
    scaled.bench.later(2)
    assert scaled.replicas == 8


def test_defaults(scaled):
    """Without metrics the CPU counts, at 80 %; a behavior is completed."""
    scaled.deployment(1)
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "w"}
    spec = {"scaleTargetRef": target, "maxReplicas": 3, "behavior": {"scaleDown": {"selectPolicy": "Min"}}}
    found = scaled.bench.submit(AUTOSCALERS, {"metadata": {"name": "a"}, "spec": spec})["spec"]
    assert found["minReplicas"] == 1
    assert found["metrics"][0]["resource"]["target"] == {"type": "Utilization", "averageUtilization": 80}
    down = found["behavior"]["scaleDown"]
    assert down == {
        "selectPolicy": "Min",
        "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
    }
    assert found["behavior"]["scaleUp"]["stabilizationWindowSeconds"] == 0


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"most": 0}, "spec.maxReplicas: Invalid value: 0: must be greater than 0"),
        ({"minReplicas": 11}, "must be greater than or equal to `minReplicas`"),
        ({"minReplicas": 0}, "must specify at least one Object or External metric"),
        ({"kind": ""}, "spec.scaleTargetRef.kind: Required"),
        ({"metrics": [{"type": "x"}]}, r"spec.metrics\[0\].type: Unsupported value"),
        ({"metrics": [{"type": "Pods"}]}, r"spec.metrics\[0\].pods: Required"),
        ({"metrics": [{**CPU, "pods": {}}]}, r"metrics\[0\].pods: Forbidden"),
        ({"behavior": {"scaleUp": {"stabilizationWindowSeconds": 3601}}}, "less than or equal to 3600"),
        ({"behavior": {"scaleUp": {"tolerance": "-1"}}}, "scaleUp.tolerance: Invalid value"),
    ],
)
def test_refused(scaled, spec, why):
    """What Kubernetes refuses is refused, in its words."""
    with pytest.raises(Refused, match=why):
        scaled.autoscaler(**spec)


class Traffic:
    """A Service `w` before the pods, and the proxy as the test plays it: what it has counted."""

    def __init__(self, bench):
        spec = {"selector": LABELS, "ports": [{"name": "http", "port": 80}]}
        bench.submit(SERVICES, {"metadata": {"name": "w"}, "spec": spec})
        self.bench = bench
        self.groups = {"w": [0, 0.0, 0]}
        """Group -> requests, seconds of all requests, and requests under way."""
        self.waiting = 0
        traffic.publish(self._everything)

    def _everything(self):
        ready = sum(map(calculator.is_ready, self.bench.pods().values()))
        groups = [
            {"name": name, "ready": ready, "requests": requests, "busySeconds": busy, "inFlight": present}
            for name, (requests, busy, present) in self.groups.items()
        ]
        return [
            {"namespace": "default", "service": "w", "port": 80, "waiting": self.waiting, "groups": groups}
        ]

    def add(self, requests, busy=0.0, group="w"):
        """More requests, and the seconds that they took together."""
        self.groups[group][0] += requests
        self.groups[group][1] += busy


@pytest.fixture
def requests(bench):
    return Traffic(bench)


def metric(kind, name, target, **fields):
    """A metric of traffic."""
    goal = {"type": "Value" if "value" in target else "AverageValue", **target}
    return {"type": kind, kind.lower(): {"metric": {"name": name}, "target": goal, **fields}}


SERVICE = {"describedObject": {"kind": "Service", "name": "w"}}


def test_requests_at_a_time(scaled, requests):
    """The concurrency of a pod is that of the Service before it since the last pass, by its pods."""
    scaled.deployment(2)
    scaled.autoscaler(metrics=[metric("Pods", "concurrency", {"averageValue": "2"})])
    assert scaled.replicas == 2
    requests.add(100, busy=40.0)  # in 5 seconds: 8 at a time, 4 of each pod
    assert scaled.next() == 4
    current = scaled.bench.status(AUTOSCALERS, "a")["currentMetrics"][0]["pods"]["current"]
    assert current == {"averageValue": "4"}
    assert scaled.bench.messages("a", "SuccessfulRescale") == [
        "New size: 4; reason: pods metric concurrency above target"
    ]


def test_requests_a_second(scaled, requests):
    """A rate is known from the second pass on; a proxy that counts anew says nothing for one pass."""
    scaled.deployment(1)
    scaled.autoscaler(metrics=[metric("Object", "requests_per_second", {"averageValue": "10"}, **SERVICE)])
    assert scaled.condition("ScalingActive")[:2] == ("False", "FailedGetObjectMetric")
    requests.add(150)
    assert scaled.next() == 3
    assert scaled.condition("ScalingActive")[:2] == ("True", "ValidMetricFound")
    requests.groups["w"][0] = 3
    assert scaled.next() == 3
    assert scaled.condition("ScalingActive")[:2] == ("False", "FailedGetObjectMetric")
    requests.add(200)
    assert scaled.next() == 4


def test_shares_of_another_service(scaled, requests):
    """Pods count what they get as a share of another Service's traffic; the Service counts all of it."""
    requests.groups = {"w:80": [0, 0.0, 0], "other": [0, 0.0, 0]}
    scaled.deployment(1)
    scaled.autoscaler(metrics=[metric("Pods", "concurrency", {"averageValue": "1"})])
    requests.add(10, busy=10.0, group="w:80")
    requests.add(10, busy=50.0, group="other")
    assert scaled.next() == 2
    whole = [metric("Object", "concurrency", {"value": "2"}, **SERVICE)]
    scaled.bench.objects.patch(AUTOSCALERS, "a", {"spec": {"metrics": whole}}, "default")
    scaled.bench.settled()
    requests.add(10, busy=10.0, group="w:80")
    requests.add(10, busy=50.0, group="other")
    assert scaled.next() == 4  # 12 at a time are six times the target, but one step at most doubles


def test_an_external_metric(scaled, requests):
    """An external metric names the Service by a label."""
    selector = {"matchLabels": {"service": "w"}}
    one = metric("External", "concurrency", {"value": "1"})
    one["external"]["metric"]["selector"] = selector
    scaled.deployment(1)
    scaled.autoscaler(metrics=[one])
    requests.add(9, busy=15.0)
    assert scaled.next() == 3


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        (metric("Pods", "gpu", {"averageValue": "1"}), "measures concurrency and requests_per_second"),
        (metric("External", "concurrency", {"value": "1"}), "names no Service by the label service"),
        (
            metric("Object", "concurrency", {"value": "1"}, describedObject={"kind": "Ingress", "name": "w"}),
            "nothing of kind Ingress",
        ),
        (
            metric("Object", "concurrency", {"value": "1"}, describedObject={"kind": "Service", "name": "x"}),
            "no port of Service x",
        ),
    ],
)
@pytest.mark.usefixtures("requests")
def test_unknown_metrics(scaled, spec, why):
    """What the local cluster does not measure is told."""
    scaled.deployment(1)
    scaled.autoscaler(metrics=[spec])
    status, reason, message = scaled.condition("ScalingActive")
    assert (status, reason) == ("False", f"FailedGet{spec['type']}Metric")
    assert why in message


def test_to_zero_and_back(scaled, requests):
    """Without requests all pods go after five minutes; one that waits at the Service starts a pod."""
    scaled.deployment(1)
    scaled.autoscaler(minReplicas=0, metrics=[metric("Object", "concurrency", {"value": "5"}, **SERVICE)])
    notes = scaled.bench.read(SERVICES, "w")["metadata"]["annotations"]
    assert notes[HOLD] == "300"
    requests.add(1, busy=1.0)
    assert scaled.next(200) == 1
    assert scaled.next(310) == 0
    requests.waiting = 1
    demand = {"metadata": {"annotations": {DEMAND: stamp(scaled.bench.now)}}}
    scaled.bench.objects.patch(SERVICES, "w", demand, "default")
    scaled.bench.settled()
    assert scaled.replicas == 1  # at once
    scaled.bench.objects.delete(AUTOSCALERS, "a", "default")
    scaled.bench.settled()
    assert HOLD not in scaled.bench.read(SERVICES, "w")["metadata"]["annotations"]


def test_others_may_let_requests_wait(scaled, requests):
    """What somebody else asked of the proxy stays, whether there is an autoscaler or not."""
    scaled.bench.objects.patch(SERVICES, "w", {"metadata": {"annotations": {HOLD: "7"}}}, "default")
    scaled.deployment(1)
    scaled.autoscaler(minReplicas=0, metrics=[metric("Object", "concurrency", {"value": "5"}, **SERVICE)])
    scaled.bench.objects.delete(AUTOSCALERS, "a", "default")
    scaled.bench.settled()
    assert scaled.bench.read(SERVICES, "w")["metadata"]["annotations"][HOLD] == "7"
    assert requests.waiting == 0
