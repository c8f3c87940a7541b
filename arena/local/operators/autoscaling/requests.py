"""Metrics of traffic, as the proxy of Services counts it: requests at a time, and requests a second.

A cluster has such metrics from an adapter. Here they are built in: as metrics of pods, of a Service, or as
external ones, which name the Service by the label `service`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from arena.local.machinery import traffic
from arena.local.objects import SERVICES, Object, Objects, key
from arena.local.operators.autoscaling import calculator
from arena.local.operators.autoscaling.calculator import Sample, Unmeasured
from arena.local.operators.autoscaling.history import Counters, History

CONCURRENCY, RATE = "concurrency", "requests_per_second"
METRICS: Mapping[str, str] = {
    CONCURRENCY: CONCURRENCY,
    "requests_in_flight": CONCURRENCY,
    "http_requests_in_flight": CONCURRENCY,
    RATE: RATE,
    "rps": RATE,
    "http_requests_per_second": RATE,
}
"""Name of a metric -> what it is."""
SOONEST = 1.0
"""Seconds between two readings of which an average is made."""


def of_service(history: History, metric: str, namespace: str, service: str, now: datetime) -> int:
    """A metric of all requests to a Service, in thousandths; raises Unmeasured."""
    ports = [one for one in _ports(namespace) if one["service"] == service]
    if not ports:
        raise _unmeasured(metric, f"the proxy serves no port of Service {service}")
    groups = [group for port in ports for group in port["groups"]]
    waiting = sum(port["waiting"] for port in ports)
    return _value(history, metric, service, _counters(groups, waiting, now))


def of_pods(
    objects: Objects, history: History, metric: str, pods: list[Object], now: datetime
) -> dict[str, Sample]:
    """A metric of each ready pod, the average of those before which its Services stand; raises Unmeasured."""
    namespace = key(pods[0])[0]
    ports = _ports(namespace)
    services = [key(one)[1] for one in objects.list(SERVICES, namespace) if _selects(one, pods)]
    averages = []
    for service in services:
        groups = [group for port in ports for group in port["groups"] if _is_of(group, service)]
        if groups:
            value = _value(history, metric, f"pods of {service}", _counters(groups, 0, now))
            averages.append(value / max(1, *(group["ready"] for group in groups)))
    if not averages:
        raise _unmeasured(metric, "the proxy serves no port of a Service of these pods")
    each = round(sum(averages))
    return {key(pod)[1]: Sample(each, now, SOONEST) for pod in pods if calculator.is_ready(pod)}


def _unmeasured(metric: str, why: str) -> Unmeasured:
    return Unmeasured(f"unable to get metric {metric}: {why}")


def _ports(namespace: str) -> list[Object]:
    return [one for one in traffic.everything() if one["namespace"] == namespace]


def _selects(service: Object, pods: list[Object]) -> bool:
    chosen = (service["spec"].get("selector") or {}).items()
    return bool(chosen) and any(chosen <= (pod["metadata"].get("labels") or {}).items() for pod in pods)


def _is_of(group: Object, service: str) -> bool:
    """Whether a share of the traffic goes to the pods of a Service; a share may name its port, too."""
    return str(group["name"]).partition(":")[0] == service


def _counters(groups: Iterable[Object], waiting: int, now: datetime) -> Counters:
    found = list(groups)
    return Counters(
        moment=now,
        requests=sum(one["requests"] for one in found),
        busy=sum(one["busySeconds"] for one in found),
        present=sum(one["inFlight"] for one in found) + waiting,
    )


def _value(history: History, metric: str, what: str, found: Counters) -> int:
    """A metric since the last reading, in thousandths; raises Unmeasured if that says nothing yet."""
    kind = METRICS.get(metric)
    if kind is None:
        raise _unmeasured(metric, f"the local cluster measures {CONCURRENCY} and {RATE} of requests only")
    before, value = history.readings.get((kind, what), (None, 0))
    if before is None or found.requests < before.requests:  # the first reading, or of another proxy
        history.readings[kind, what] = (found, 1000 * found.present)
        if kind == RATE:
            raise _unmeasured(metric, "its requests have only just begun to be counted")
        return 1000 * found.present
    seconds = (found.moment - before.moment).total_seconds()
    if seconds >= SOONEST:
        grown = found.busy - before.busy if kind == CONCURRENCY else found.requests - before.requests
        value = round(1000 * grown / seconds)
        history.readings[kind, what] = (found, value)
    return value or 1000 * found.present  # some may wait for a pod, and so have not begun
