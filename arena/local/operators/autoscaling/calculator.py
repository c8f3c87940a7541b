"""How many replicas a metric suggests.

The rules are those of Kubernetes (`pkg/controller/podautoscaler/replica_calculator.go`). All amounts are
whole numbers of thousandths.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from arena.local.machinery import clock, conditions, pod_status
from arena.local.objects import Object
from arena.tuples import NamedTuple

TOLERANCE = 0.1
"""The part by which a metric may differ from its target before anything changes, unless the spec says it."""
INITIALIZATION = timedelta(minutes=5)
"""The time after its start in which the CPU usage of a pod counts only while it is ready."""
READINESS = timedelta(seconds=30)
"""The time after its start in which a pod that becomes unready counts as one that was never ready."""


class Unmeasured(Exception):
    """The number of replicas cannot be computed; the message says why."""


class Sample(NamedTuple):
    """What was measured of one pod."""

    value: int
    taken: datetime
    window: float
    """Seconds before `taken` of which the value is the average."""


Samples = Mapping[str, Sample]
"""The samples of pods, by their names."""


class Tolerance(NamedTuple):
    """The parts by which the ratio of a metric to its target may lie below and above 1."""

    down: float = TOLERANCE
    up: float = TOLERANCE

    def covers(self, ratio: float) -> bool:
        """Whether the ratio is close enough to 1."""
        return 1 - self.down <= ratio <= 1 + self.up


class Usage(NamedTuple):
    """The usage of several pods."""

    ratio: float
    """That of the usage to its target."""
    average: int
    percent: int = 0
    """The usage in percent of what the pods request."""


class Rule(NamedTuple):
    """How a metric is compared with its target."""

    usage: Callable[[Mapping[str, int]], Usage]
    """The usage of pods with these values, by name."""
    missing: Callable[[str], int]
    """What a pod without a sample is taken to use before pods are removed."""
    tolerance: Tolerance
    is_cpu: bool = False
    is_steady: bool = False
    """Whether pods without a sample count for nothing if the usage is just the target."""


def average(target: int, tolerance: Tolerance, is_cpu: bool = False) -> Rule:
    """The average of the pods is compared with a value."""

    def usage(values: Mapping[str, int]) -> Usage:
        mean = sum(values.values()) // len(values)
        return Usage(mean / target, mean)

    return Rule(usage, lambda pod: target, tolerance, is_cpu)


def utilization(target: int, requests: Mapping[str, int], tolerance: Tolerance, is_cpu: bool) -> Rule:
    """The usage of the pods, in percent of their requests, is compared with a percentage."""

    def usage(values: Mapping[str, int]) -> Usage:
        known = {name: value for name, value in values.items() if name in requests}
        asked = sum(requests[name] for name in known)
        if not asked:
            raise Unmeasured("no metrics returned matched known pods")
        percent = sum(known.values()) * 100 // asked
        return Usage(percent / target, sum(known.values()) // len(known), percent)

    return Rule(usage, lambda pod: requests[pod] * max(100, target) // 100, tolerance, is_cpu, True)


class Groups(NamedTuple):
    """Pods by how they count."""

    ready: int
    unready: set[str]
    missing: set[str]
    """Those without a sample."""
    ignored: set[str]


def replicas(
    current: int, pods: Iterable[Object], samples: Samples, rule: Rule, now: datetime
) -> tuple[int, Usage]:
    """The suggested number of replicas, and the usage; raises Unmeasured if no pod tells anything."""
    groups = _grouped(pods, samples, rule, now)
    counted = {
        name: one.value for name, one in samples.items() if name not in groups.ignored | groups.unready
    }
    if not counted:
        raise Unmeasured("did not receive metrics for any ready pods")
    usage = rule.usage(counted)
    starting = groups.unready if usage.ratio > 1 else set()
    if not starting and not groups.missing:
        same = rule.tolerance.covers(usage.ratio)
        return current if same else math.ceil(usage.ratio * groups.ready), usage
    # Who is not measured moderates the change: it uses nothing before pods are added, and all before they go.
    lacking = {name: rule.missing(name) if usage.ratio < 1 else 0 for name in groups.missing}
    if rule.is_steady and usage.ratio == 1:
        lacking = {}
    counted |= {**lacking, **dict.fromkeys(starting, 0)}
    return _moderated(current, usage.ratio, rule.usage(counted).ratio, len(counted), rule.tolerance), usage


def _moderated(current: int, first: float, ratio: float, count: int, tolerance: Tolerance) -> int:
    """The number of replicas by the second ratio, unless it changes the direction."""
    turned = (first < 1 < ratio) or (ratio < 1 < first)
    if turned or tolerance.covers(ratio):
        return current
    found = math.ceil(ratio * count)
    return current if (ratio < 1 and found > current) or (ratio > 1 and found < current) else found


def by_total(current: int, ready: int, ratio: float, tolerance: Tolerance) -> int:
    """The number of replicas by the ratio of a total to its target; from 0 on it needs no ready pods."""
    if not current:
        return math.ceil(ratio)
    return current if tolerance.covers(ratio) else math.ceil(ratio * ready)


def by_share(current: int, total: int, target: int, tolerance: Tolerance) -> int:
    """The number of replicas of which each has at most its share of a total."""
    ratio = total / (target * current) if current else math.inf * bool(total)
    return current if tolerance.covers(ratio) or not (current or total) else math.ceil(total / target)


def is_ready(pod: Object) -> bool:
    """Whether a pod runs and is ready."""
    return pod_status.phase(pod) == "Running" and conditions.holds(pod.get("status") or {}, "Ready")


def _grouped(pods: Iterable[Object], samples: Samples, rule: Rule, now: datetime) -> Groups:
    ready, found = 0, Groups(0, set(), set(), set())
    for pod in pods:
        name, phase = pod["metadata"]["name"], pod_status.phase(pod)
        if pod_status.is_going(pod) or phase == "Failed":
            found.ignored.add(name)
        elif phase == "Pending":
            found.unready.add(name)
        elif name not in samples:
            found.missing.add(name)
        elif rule.is_cpu and _is_warming(pod, samples[name], now):
            found.unready.add(name)
        else:
            ready += 1
    return found._replace(ready=ready)


def _is_warming(pod: Object, sample: Sample, now: datetime) -> bool:
    """Whether the CPU usage of a pod is that of its start."""
    status = pod.get("status") or {}
    ready = conditions.find(status, "Ready")
    started, changed = clock.parse(status.get("startTime")), clock.parse(ready.get("lastTransitionTime"))
    if started is None or changed is None:
        return True
    is_unready = ready["status"] == "False"
    if started + INITIALIZATION > now:
        return is_unready or sample.taken < changed + timedelta(seconds=sample.window)
    return is_unready and started + READINESS > changed
