"""The traffic of Services on the local cluster: how operators direct it, and what the proxy has counted.

An operator of routes, such as HTTPRoute, VirtualService or the canary of an InferenceService, splits the
traffic of a Service by writing the annotation TRAFFIC, whose text `text` makes of shares. One that scales to
zero writes HOLD: requests then wait for a pod, and the annotation DEMAND, a time, tells when one last began
to; the operator watches Services, and starts a pod. Both read `measured`, as an autoscaler does. None of this
exists on a real cluster, where `measured` is empty.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

from arena import foreign_json
from arena.local.objects import HOLD, SERVICES, TRAFFIC, Object, Objects
from arena.tuples import NamedTuple

LONGEST_HOLD = 3600.0
"""Seconds."""
HEAVIEST = 1_000_000
"""The largest weight, which is also that of HTTPRoute."""


class Share(NamedTuple):
    """A part of the traffic of a Service.

    Attributes:
        service: the Service whose pods get it, of the same namespace.
        weight: relative to the sum of all; 0 for no traffic.
        port: that it declares; 0 for the port of the same name, or the only one.
    """

    service: str
    weight: int
    port: int = 0


class GroupTraffic(NamedTuple):
    """What was counted of one share of a port, since the proxy's process began.

    Attributes:
        name: the Service whose pods get it.
        weight: the share.
        ready: the number of ready pods.
        requests: that began; connections, where the port is not HTTP.
        failures: those answered with 5xx, or by nobody.
        in_flight: at present.
        busy_seconds: the integral of `in_flight` over time: its growth, divided by the time between two
            readings, is the average concurrency.
        seconds: the sum of the latencies of answered requests.
        last: when the last one began or ended, in seconds since 1970; None without any.
        latencies: the upper bounds of the histogram's buckets in seconds, inf at the end, and how many
            requests are in each; empty ones are omitted.
    """

    name: str
    weight: int
    ready: int
    requests: int
    failures: int
    in_flight: int
    busy_seconds: float
    seconds: float
    last: float | None
    latencies: tuple[tuple[float, int], ...]


class PortTraffic(NamedTuple):
    """What was counted of one port of a Service.

    Attributes:
        port: that the Service declares.
        since: when counting began, in seconds since 1970; a new process begins with 0.
        protocol: http, tcp, or pages (HTTP with a token, of which nothing is counted).
        waiting: requests that wait for a pod at present.
        refused: requests that found no pod.
        groups: the shares of the traffic; the only one is the Service itself if it is not split.
    """

    port: int
    since: float
    protocol: str
    waiting: int
    refused: int
    groups: tuple[GroupTraffic, ...]


_sources: list[Callable[[], list[dict[str, Any]]]] = []


def publish(source: Callable[[], list[dict[str, Any]]]) -> None:
    """Let `measured` read from the proxy of this process."""
    _sources[:] = [source]


def everything() -> list[dict[str, Any]]:
    """What the proxy of this process has counted, as JSON for clients."""
    return [one for source in _sources for one in source()]


def measured(namespace: str, service: str) -> tuple[PortTraffic, ...]:
    """What was counted of each port of a Service; () if the proxy does not serve it."""
    wanted = (namespace, service)
    return tuple(_port(one) for one in everything() if (one["namespace"], one["service"]) == wanted)


def _port(one: dict[str, Any]) -> PortTraffic:
    groups = tuple(map(_group, one["groups"]))
    return PortTraffic(
        port=one["port"],
        since=one["since"],
        protocol=one["protocol"],
        waiting=one["waiting"],
        refused=one["refused"],
        groups=groups,
    )


def _group(one: dict[str, Any]) -> GroupTraffic:
    return GroupTraffic(
        name=one["name"],
        weight=one["weight"],
        ready=one["ready"],
        requests=one["requests"],
        failures=one["failures"],
        in_flight=one["inFlight"],
        busy_seconds=one["busySeconds"],
        seconds=one["seconds"],
        last=one["lastRequest"],
        latencies=tuple((float("inf") if at is None else at, count) for at, count in one["latencies"]),
    )


def text(shares: Iterable[Share]) -> str:
    """The annotation TRAFFIC for these shares."""
    return json.dumps(
        [{name: value for name, value in one._asdict().items() if name != "port" or value} for one in shares]
    )


def shares(service: Object) -> list[Share]:
    """The shares that the annotation TRAFFIC of a Service names; [] without.

    Raises:
        ValueError: it cannot be read; the message says why.
    """
    written = (service["metadata"].get("annotations") or {}).get(TRAFFIC)
    found = foreign_json.loads(written) if written else []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ValueError("it is no JSON list of objects")
    return [_share(one) for one in found]


def _share(one: dict[str, Any]) -> Share:
    service, weight, port = one.get("service"), one.get("weight", 1), one.get("port", 0)
    if not isinstance(service, str) or not service:
        raise ValueError("a share names no service")
    if type(weight) is not int or not 0 <= weight <= HEAVIEST:
        raise ValueError(f"a weight is a whole number from 0 to {HEAVIEST}")
    if type(port) is not int or not 0 <= port <= 65535:
        raise ValueError("a port is a whole number from 1 to 65535")
    return Share(service, weight, port)


def is_awaited(objects: Objects) -> bool:
    """Whether requests of a Service would wait for a pod that something then starts."""
    return any(HOLD in (one["metadata"].get("annotations") or {}) for one in objects.list(SERVICES))


def hold(service: Object) -> float:
    """The seconds for which requests of a Service wait for a pod.

    Raises:
        ValueError: the annotation HOLD cannot be read; the message says why.
    """
    written = (service["metadata"].get("annotations") or {}).get(HOLD, "0")
    try:
        seconds = float(written)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= LONGEST_HOLD:
        raise ValueError(f"it is no number of seconds from 0 to {LONGEST_HOLD:g}")
    return seconds
