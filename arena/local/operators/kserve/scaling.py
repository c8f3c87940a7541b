"""How many pods a component has: by an autoscaler, or none while nobody asks it.

A component with `minReplicas: 0` starts with one pod, which goes when no request has come for the window. The
next request waits at the Service while a pod starts.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timezone

from arena.local.machinery import clock, conditions, traffic
from arena.local.machinery.traffic import PortTraffic
from arena.local.objects import DEMAND, DEPLOYMENTS, Object, key
from arena.local.operators.kserve import kinds
from arena.local.operators.kserve.components import Component
from arena.tuples import NamedTuple

WINDOW_NOTE = "autoscaling.knative.dev/window"
"""Annotation: how long no request must come before the last pod goes, such as `60s`."""
WINDOW = 60.0
IDLE_SINCE = "local.arena.io/idle-since"
"""Annotation of a Deployment: when its last pod went for lack of requests."""
PATIENCE = 300
"""Seconds for which a request waits for a pod."""
_UTILIZATION = 80
_TRAFFIC = {"concurrency": ("concurrency", 100), "rps": ("requests_per_second", 200)}
"""The metrics of Knative's autoscaler: their names here, and their usual targets for each pod."""
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(s|m|h)")
_UNITS = {"s": 1, "m": 60, "h": 3600}


class Size(NamedTuple):
    """A number of pods, and the seconds after which it must be decided anew."""

    replicas: int
    again: float | None = None


def most(component: Component) -> int:
    """The largest number of pods that it may have."""
    return max(component.replicas, int(component.spec.get("maxReplicas") or 0))


def has_autoscaler(component: Component) -> bool:
    """Whether an object of the cluster's own decides how many pods it has."""
    given = kinds.annotation(component.service, kinds.AUTOSCALER) or "hpa"
    return given == "hpa" and most(component) > component.replicas


def autoscaler(component: Component) -> Object:
    """The HorizontalPodAutoscaler of a component."""
    return {
        "metadata": {"name": component.title, "labels": component.labels()},
        "spec": {
            "scaleTargetRef": {
                "apiVersion": DEPLOYMENTS.api_version,
                "kind": DEPLOYMENTS.kind,
                "name": component.title,
            },
            "minReplicas": component.replicas,
            "maxReplicas": most(component),
            "metrics": [_metric(component)],
        },
    }


def _metric(component: Component) -> Object:
    """What an autoscaler goes by: requests at a time in the mode of Knative, else the CPU."""
    usual = "concurrency" if kinds.mode(component.service) == kinds.KNATIVE else "cpu"
    metric, target = component.spec.get("scaleMetric") or usual, component.spec.get("scaleTarget")
    if metric in _TRAFFIC:
        name, each = _TRAFFIC[metric]
        goal: Object = {"type": "AverageValue", "averageValue": str(target or each)}
        return {"type": "Pods", "pods": {"metric": {"name": name}, "target": goal}}
    if metric == "memory" and target:
        goal = {"type": "AverageValue", "averageValue": f"{target}Mi"}
    else:
        given = kinds.annotation(component.service, kinds.UTILIZATION)
        percent = target or (int(given) if given.isdigit() else _UTILIZATION)
        goal = {"type": "Utilization", "averageUtilization": int(percent)}
    return {"type": "Resource", "resource": {"name": metric, "target": goal}}


def window(component: Component) -> float:
    """The seconds without requests after which its last pod goes."""
    notes = {
        **(component.service["metadata"].get("annotations") or {}),
        **(component.spec.get("annotations") or {}),
    }
    found = _DURATION.fullmatch(str(notes.get(WINDOW_NOTE) or ""))
    return float(found[1]) * _UNITS[found[2]] if found else WINDOW


def size(component: Component, deployment: Object, service: Object, now: datetime) -> Size:
    """The number of pods of a component without which it may be, by the requests to its Service."""
    namespace, name = key(service)
    ports = traffic.measured(namespace, name)
    replicas = int(deployment["spec"].get("replicas", 1))
    asked = str((service["metadata"].get("annotations") or {}).get(DEMAND) or "")
    if not replicas:
        slept = str((deployment["metadata"].get("annotations") or {}).get(IDLE_SINCE) or "")
        wakes = any(one.waiting for one in ports) or bool(asked and asked >= slept)
        return Size(component.replicas if wakes else 0)
    available = conditions.find(deployment.get("status") or {}, "Available")
    if available.get("status") != "True":
        return Size(replicas)
    since = [available.get("lastTransitionTime"), asked]
    times = [*filter(None, map(clock.parse, filter(None, since))), *_requests(ports, now)]
    left = window(component) - (now - max(times, default=now)).total_seconds()
    return Size(replicas, left) if left > 0 else Size(0)


def _requests(ports: tuple[PortTraffic, ...], now: datetime) -> Iterator[datetime]:
    """When requests came: now, if some are under way."""
    for port in ports:
        if port.waiting or any(group.in_flight for group in port.groups):
            yield now
        for group in port.groups:
            if group.last is not None:
                yield min(now, datetime.fromtimestamp(group.last, timezone.utc))


def change(replicas: int, now: datetime) -> Object:
    """The patch of a Deployment that gives it a number of pods."""
    note = {"metadata": {"annotations": {IDLE_SINCE: clock.stamp(now)}}} if not replicas else {}
    return {**note, "spec": {"replicas": replicas}}
