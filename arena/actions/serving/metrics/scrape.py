"""Read the metrics of instances, through the API server, or what that has counted of them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from arena.actions.serving import address
from arena.actions.serving.client import Client
from arena.actions.serving.metrics import counters, exposition
from arena.actions.serving.metrics.counters import Counters
from arena.actions.serving.metrics.engines import PROXY
from arena.actions.serving.metrics.exposition import Sample
from arena.errors import ArenaError, Unreachable
from arena.model.servings import Serving
from arena.parallel import thread_pool
from arena.resources import PODS
from arena.tuples import NamedTuple

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = Mapping[str, Any]
Instance = tuple[str, str]
"""Namespace and name."""
SILENCE = 5.0
"""Seconds that an instance may be silent."""
PATHS = ("/metrics", "/monitoring/prometheus/metrics", "/prometheus")
"""Where engines have their metrics: most of them, TF Serving, Seldon."""
NAMED = ("metrics", "http-metrics")


class Reading(NamedTuple):
    """What an instance has counted, and when it was read, in seconds of the monotonic clock."""

    at: float
    counters: Counters | None
    """None if it has no metrics that are known."""


Readings = Mapping[Instance, Reading]
Errors = Mapping[Instance, ArenaError]


def every(cluster: Cluster, several: Iterable[Serving], before: Readings) -> tuple[Readings, Errors]:
    """Read all instances of servings that are ready, some at the same time; and why some could not be.

    Args:
        before: the last readings; an instance without metrics, whose requests the cluster counts, is not
            asked again.
    """

    def one(namespace: str, name: str) -> Reading:
        found = scraped(cluster, namespace, name)
        return Reading(time.monotonic(), found)

    found: dict[Instance, Reading] = {}
    errors: dict[Instance, ArenaError] = {}
    names = [(each.namespace, pod.name) for each in several for pod in each.instances if pod.is_ready]
    silent = {name for name, last in before.items() if last.counters and last.counters.engine == PROXY.name}
    with thread_pool() as threads:
        tasks = {name: threads.submit(one, *name) for name in names if name not in silent}
        for name, task in tasks.items():
            try:
                found[name] = task.result()
            except ArenaError as error:
                errors[name] = error
    if silent := silent.intersection(names) | {name for name, one in found.items() if not one.counters}:
        seen = observed(cluster)
        found |= {name: seen[name] for name in silent if name in seen}
    return found, errors


def observed(cluster: Cluster) -> Readings:
    """What the cluster itself has counted of its pods, as the local cluster does.

    Raises:
        ArenaError: it does not answer.
    """
    samples: dict[Instance, list[Sample]] = {}
    for one in exposition.samples(cluster.traffic()):
        pod = one.labels.get("namespace", ""), one.labels.get("pod", "")
        samples.setdefault(pod, []).append(one)
    now = time.monotonic()
    return {pod: Reading(now, counters.read(some)) for pod, some in samples.items()}


def scraped(cluster: Cluster, namespace: str, name: str) -> Counters | None:
    """What an instance has counted; None if it has no metrics that are known.

    Raises:
        ArenaError: it is gone, does not answer, or may not be read.
    """
    pod = cluster.get(PODS, namespace, name)
    fault = None
    for port, path in places(pod):
        try:
            text = _text(cluster, namespace, name, port, path)
        except Unreachable as error:  # the next port may answer
            fault = error
            continue
        if found := counters.read(exposition.samples(text)):
            return found
    if fault is not None:
        raise fault
    return None


def places(pod: Object) -> Iterator[tuple[int, str]]:
    """The ports and paths where a pod may have metrics, the likeliest first, each once."""
    notes = pod["metadata"].get("annotations") or {}
    ports = [
        (str(one.get("name") or ""), int(one["containerPort"]))
        for container in pod["spec"]["containers"]
        for one in container.get("ports") or ()
        if one.get("protocol", "TCP") == "TCP"
    ]
    found = dict.fromkeys(_annotated(notes))
    found |= dict.fromkeys((port, PATHS[0]) for name, port in ports if name in NAMED)
    web = [port for name, port in ports if not name.startswith("grpc") and name not in NAMED]
    found |= dict.fromkeys((port, path) for port in web[:2] for path in PATHS)
    yield from found


def _annotated(notes: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    port = notes.get("prometheus.io/port", "")
    path = notes.get("prometheus.io/path", PATHS[0])
    if port.isascii() and port.isdigit() and path.isprintable() and " " not in path:
        yield int(port), f"/{path.lstrip('/')}"


def _text(cluster: Cluster, namespace: str, name: str, port: int, path: str) -> str:
    """What the instance answers; "" for anything but 200."""
    with cluster.forward(namespace, name, port) as forward:
        try:
            with Client(address.parse(f"http://127.0.0.1:{forward.port}"), SILENCE) as client:
                answer = client.ask("GET", path)
        except Unreachable as error:
            raise (forward.last_fault or error) from error
    return answer.body.decode(errors="replace") if answer.status == 200 else ""
