"""What the GPUs do, as a Prometheus has it: one query for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from arena import gpu_metrics
from arena.actions import readings
from arena.errors import ArenaError, SpecError
from arena.model.gpus import Gpu
from arena.model.partial import Partial, Unread
from arena.tuples import NamedTuple
from arena.values import replace

if TYPE_CHECKING:
    from arena.model.jobs import Job
    from arena.model.nodes import Node
    from arena.session import Session

Object = dict[str, Any]
SETTING = "prometheus-address"
MISSING = "GPU metrics are missing"
_PATH = "/api/v1/query"
NAME_ONE = f"name one with PROMETHEUS_ADDRESS=URL, or with {SETTING} in config.yaml"


class Source(NamedTuple):
    """A Prometheus, and how to ask it."""

    name: str
    ask: Callable[[str], Object]


def read(session: Session) -> Partial[Gpu]:
    """All GPUs that the Prometheus of the setting knows, or why there are none.

    Raises:
        SpecError: the setting is no address.
    """
    if not (address := session.settings.text(SETTING)):
        return Partial(
            (), [Unread(what="GPU metrics", why=f"no Prometheus is set; {NAME_ONE}", effect=MISSING)]
        )
    named = direct(address, session.settings.text("prometheus-token"))
    return readings.optional("GPU metrics", MISSING, lambda: _asked(named))


def _asked(source: Source) -> list[Gpu]:
    try:
        answer = source.ask(gpu_metrics.QUERY)
    except ArenaError as error:
        raise ArenaError(f"{source.name} does not answer the query: {error.message}") from error
    found = gpu_metrics.gpus(gpu_metrics.samples(answer))
    if not found:
        raise ArenaError(f"{source.name} has no metrics of GPUs, such as {gpu_metrics.BUSY} of DCGM exporter")
    return found


def direct(address: str, token: str) -> Source:
    """The Prometheus at an address.

    Raises:
        SpecError: it is no address.
    """
    from arena.kube import Cluster, Endpoint, kubeconfig, proxies

    if not kubeconfig.is_address(address, ("http", "https")):
        raise SpecError(f'{SETTING} cannot be "{address}"', "write it like http://prometheus.example:9090")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    proxy, origin = proxies.proxy_for(address)
    endpoint = Endpoint(server=address.rstrip("/"), headers=lambda: headers, proxy=proxy, proxy_origin=origin)
    name = f"Prometheus at {endpoint.address}"
    cluster = Cluster(lambda: endpoint, name)
    return Source(name, lambda query: cluster.ask(_PATH, {"query": query}))


def is_set(session: Session) -> bool:
    """Whether a Prometheus is set."""
    return bool(session.settings.text(SETTING))


def of_jobs(session: Session, jobs: Partial[Job]) -> Partial[Job]:
    """The jobs, with what the GPUs of their instances do: all by one query."""
    if not (is_set(session) and any(job.gpus and not job.phase.is_final for job in jobs)):
        return jobs
    found = read(session)
    pods: dict[tuple[str, str], list[Gpu]] = {}
    for gpu in found:
        pods.setdefault((gpu.namespace, gpu.pod), []).append(gpu)
    seen = [
        replace(
            job,
            instances=tuple(
                replace(one, gpu_metrics=tuple(pods.get((one.namespace, one.name), ())))
                for one in job.instances
            ),
        )
        for job in jobs
    ]
    is_used = any(one.gpus and one.holds for job in jobs for one in job.instances)
    return Partial(seen, [*jobs.unread, *(found.unread if is_used else ())])


def of_nodes(session: Session, nodes: Partial[Node]) -> Partial[Node]:
    """The nodes, with what each of their GPUs does."""
    found = read(session)
    places: dict[str, list[Gpu]] = {}
    for gpu in found:
        for place in gpu.places:
            places.setdefault(place, []).append(gpu)
    seen = [replace(one, gpu_metrics=_of_node(one, places)) for one in nodes]
    return Partial(seen, [*nodes.unread, *found.unread])


def _of_node(node: Node, places: Mapping[str, Sequence[Gpu]]) -> tuple[Gpu, ...]:
    known = (places.get(one, ()) for one in (node.name, node.address, node.name.partition(".")[0]))
    return tuple(next((gpus for gpus in known if gpus), ()))
