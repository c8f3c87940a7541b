"""What the proxy has counted of each pod, in the text format of Prometheus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

REQUESTS = "arena_proxy_requests_total"
IN_FLIGHT = "arena_proxy_requests_in_flight"
DURATION = "arena_proxy_request_duration_seconds"
TYPES = {REQUESTS: "counter", IN_FLIGHT: "gauge", DURATION: "histogram"}


class _Pod:
    """The sums over all ports that lead to a pod."""

    def __init__(self) -> None:
        self.ended = self.failures = self.in_flight = 0
        self.seconds = 0.0
        self.buckets: dict[float, int] = defaultdict(int)

    def add(self, one: dict[str, Any]) -> None:
        self.ended += one["ended"]
        self.failures += one["failures"]
        self.in_flight += one["inFlight"]
        self.seconds += one["seconds"]
        for most, count in one["latencies"]:
            self.buckets[float("inf") if most is None else most] += count

    def lines(self, labels: str) -> Iterator[tuple[str, str]]:
        """The name of a metric and a line of it."""
        yield REQUESTS, f'{REQUESTS}{{{labels},code="ok"}} {self.ended - self.failures}'
        yield REQUESTS, f'{REQUESTS}{{{labels},code="5xx"}} {self.failures}'
        yield IN_FLIGHT, f"{IN_FLIGHT}{{{labels}}} {self.in_flight}"
        count = 0
        for most, more in sorted({float("inf"): 0, **self.buckets}.items()):
            count += more
            limit = "+Inf" if most == float("inf") else f"{most:.6g}"
            yield DURATION, f'{DURATION}_bucket{{{labels},le="{limit}"}} {count}'
        yield DURATION, f"{DURATION}_sum{{{labels}}} {self.seconds:.9g}"
        yield DURATION, f"{DURATION}_count{{{labels}}} {count}"


def text(ports: Iterable[dict[str, Any]]) -> str:
    """The metrics of all pods that get HTTP requests.

    Args:
        ports: what `traffic.everything` returns.
    """
    pods: dict[tuple[str, str], _Pod] = defaultdict(_Pod)
    for port in ports:
        if port["protocol"] == "http":
            for one in [pod for group in port["groups"] for pod in group["pods"]]:
                pods[port["namespace"], one["pod"]].add(one)
    found: dict[str, list[str]] = {name: [f"# TYPE {name} {kind}"] for name, kind in TYPES.items()}
    for (namespace, name), pod in sorted(pods.items()):
        for metric, line in pod.lines(f'namespace="{namespace}",pod="{name}"'):
            found[metric].append(line)
    return "".join(f"{line}\n" for lines in found.values() for line in lines)
