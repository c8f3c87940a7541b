"""What the metrics of an autoscaler say: for each a number of replicas and its status."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from arena.local.machinery.quantities import parse_quantity, written
from arena.local.machinery.scale import Scale
from arena.local.objects import PODS, Object, Objects
from arena.local.operators.autoscaling import calculator, requests, usage
from arena.local.operators.autoscaling.calculator import Tolerance, Unmeasured
from arena.local.operators.autoscaling.history import History
from arena.tuples import NamedTuple


class Failure(Exception):
    """A metric says nothing.

    Attributes:
        reason: that of the condition and the Event.
        why: the cause.
    """

    def __init__(self, reason: str, why: str, title: str) -> None:
        super().__init__(f"{title}: {why}")
        self.reason = reason
        self.why = why


class Reading(NamedTuple):
    """What one metric says."""

    replicas: int
    name: str
    """As messages call the metric."""
    status: Object


@dataclass(frozen=True)
class Target:
    """What is scaled, and what its metrics are compared with."""

    objects: Objects
    namespace: str
    scale: Scale
    tolerance: Tolerance
    history: History
    now: datetime

    def pods(self) -> list[Object]:
        """The pods that the scale selects; raises Unmeasured if there are none."""
        found = self.objects.list(PODS, self.namespace, self.scale.selector)
        if not found:
            raise Unmeasured("no pods returned by selector while calculating replica count")
        return found

    def replicas(self, samples: calculator.Samples, rule: calculator.Rule) -> tuple[int, calculator.Usage]:
        """The number of replicas that the samples of the pods suggest."""
        return calculator.replicas(self.scale.wanted, self.pods(), samples, rule, self.now)


def tolerance(behavior: Object | None) -> Tolerance:
    """The tolerances of a behavior, or the usual ones."""
    given = {name: ((behavior or {}).get(name) or {}).get("tolerance") for name in ("scaleDown", "scaleUp")}
    down, up = (calculator.TOLERANCE if one is None else parse_quantity(one) / 1000 for one in given.values())
    return Tolerance(down, up)


def read(target: Target, spec: Object) -> Reading:
    """What a metric of the spec says; raises Failure."""
    kind = str(spec["type"])
    field = f"{kind[0].lower()}{kind[1:]}"
    source = spec[field]
    named = source["name"] if "name" in source else source["metric"]["name"]
    titles = {
        "resource": f"failed to get {named} resource metric value",
        "containerResource": f"failed to get {named} container metric value",
    }
    try:
        replicas, name, current = _SOURCES[field](target, source)
    except Unmeasured as why:
        title = titles.get(field, f"failed to get {field} metric value")
        raise Failure(f"FailedGet{kind}Metric", str(why), title) from why
    identity = {key: one for key, one in source.items() if key != "target"}
    return Reading(replicas, name, {"type": kind, field: {**identity, "current": current}})


Found = tuple[int, str, Object]
"""A number of replicas, the metric as messages call it, and its present value."""


def _resource(target: Target, source: Object) -> Found:
    resource, container, wanted = source["name"], source.get("container", ""), source["target"]
    selector, is_cpu = target.scale.selector, resource == "cpu"
    try:
        samples = usage.samples(target.objects, target.namespace, selector, resource, container)
        if "averageValue" in wanted:
            rule = calculator.average(parse_quantity(wanted["averageValue"]), target.tolerance, is_cpu)
            count, found = target.replicas(samples, rule)
            return count, f"{resource} resource", {"averageValue": written(found.average)}
        asked = usage.requests(target.pods(), resource, container)
        goal = int(wanted["averageUtilization"])
        rule = calculator.utilization(goal, asked, target.tolerance, is_cpu)
        count, found = target.replicas(samples, rule)
    except Unmeasured as why:
        raise Unmeasured(f"failed to get {resource} utilization: {why}") from why
    current = {"averageUtilization": found.percent, "averageValue": written(found.average)}
    return count, f"{resource} resource utilization (percentage of request)", current


def _pods(target: Target, source: Object) -> Found:
    metric, goal = source["metric"]["name"], parse_quantity(source["target"]["averageValue"])
    samples = requests.of_pods(target.objects, target.history, metric, target.pods(), target.now)
    count, found = target.replicas(samples, calculator.average(goal, target.tolerance))
    return count, f"pods metric {metric}", {"averageValue": written(found.average)}


def _object(target: Target, source: Object) -> Found:
    about, metric = source["describedObject"], source["metric"]["name"]
    if about["kind"] != "Service":
        why = f"the local cluster measures requests of Services, and nothing of kind {about['kind']}"
        raise Unmeasured(f"unable to get metric {metric}: {why}")
    return _total(target, source, about["name"], f"Service metric {metric}")


def _external(target: Target, source: Object) -> Found:
    metric = source["metric"]["name"]
    service = ((source["metric"].get("selector") or {}).get("matchLabels") or {}).get("service")
    if not service:
        raise Unmeasured(f"unable to get metric {metric}: its selector names no Service by the label service")
    return _total(target, source, service, f"external metric {metric}(service={service})")


def _total(target: Target, source: Object, service: str, name: str) -> Found:
    """By a metric of all requests to a Service, compared with a value or with one for each pod."""
    metric, goal, scale = source["metric"]["name"], source["target"], target.scale
    total = requests.of_service(target.history, metric, target.namespace, service, target.now)
    if "averageValue" in goal:
        count = calculator.by_share(
            scale.current, total, parse_quantity(goal["averageValue"]), target.tolerance
        )
        return count, name, {"averageValue": written(math.ceil(total / max(1, scale.current)))}
    ready = sum(map(calculator.is_ready, target.pods())) if scale.wanted else 0
    ratio = total / parse_quantity(goal["value"])
    count = calculator.by_total(scale.wanted, ready, ratio, target.tolerance)
    return count, name, {"value": written(total)}


_SOURCES: Mapping[str, Callable[[Target, Object], Found]] = {
    "resource": _resource,
    "containerResource": _resource,
    "pods": _pods,
    "object": _object,
    "external": _external,
}
