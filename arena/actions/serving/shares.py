"""How the traffic of servings is split now, by whatever objects say so, whoever created them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from arena import labels
from arena.actions import readings
from arena.errors import ArenaError
from arena.kinds.serving.base import addresses, splits
from arena.model.partial import Partial
from arena.model.servings import Serving, Share
from arena.parallel import thread_pool
from arena.resources import HTTP_ROUTES, VIRTUAL_SERVICES, Resource
from arena.values import replace

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]
SHARES = "shares of the traffic are missing"
"""What an answer lacks if routes cannot be read."""


def routes(cluster: Cluster, namespace: str | None) -> Partial[Object]:
    """The objects that may split traffic, of the types that the cluster serves."""
    try:
        served = [one for one in (HTTP_ROUTES, VIRTUAL_SERVICES) if cluster.serves(one)]
    except ArenaError as error:
        return Partial([], [readings.unread(HTTP_ROUTES, error, SHARES)])
    if not served:
        return Partial([])

    def read(one: Resource) -> list[Object] | ArenaError:
        try:
            return list(cluster.list(one, namespace))
        except ArenaError as error:
            return error

    with thread_pool() as threads:
        answers = list(threads.map(read, served))
    unread = [
        readings.unread(one, answer, SHARES)
        for one, answer in zip(served, answers, strict=True)
        if isinstance(answer, ArenaError)
    ]
    return Partial(
        [obj for answer in answers if not isinstance(answer, ArenaError) for obj in answer], unread
    )


def shared(
    found: Iterable[Serving], there: Sequence[Object], services: Sequence[Object]
) -> Iterator[Serving]:
    """The servings with their shares.

    Args:
        there: the routes of their namespaces.
        services: the Services of servings there.
    """
    known: dict[tuple[str, str], tuple[Object, dict[str, int], list[Object]]] = {}
    for route in sorted(there, key=lambda one: str(one["metadata"].get("creationTimestamp") or "")):
        meta = route["metadata"]
        own = [one for one in services if one["metadata"].get("namespace") == meta.get("namespace")]
        versions = splits.shares(route, dict(_versions(own, _name(route))))
        known.setdefault((meta.get("namespace", ""), _name(route)), (route, versions, own))
    for one in found:
        route, versions, own = known.get((one.namespace, one.name), ({}, {}, []))
        if one.version not in versions:
            yield one
            continue
        percent = splits.percents(versions)[one.version]
        by = f"{route['kind']} {route['metadata']['name']}"
        yield replace(one, share=Share(percent=percent, by=by, url=_url(own, one.name)))


def _name(route: Object) -> str:
    """The serving whose traffic a route splits: by its label, else by its name."""
    meta = route["metadata"]
    return str((meta.get("labels") or {}).get(labels.SERVING_NAME) or meta["name"])


def _versions(services: Sequence[Object], name: str) -> Iterator[tuple[str, str]]:
    """Name of a Service -> its version."""
    for one in services:
        own = one["metadata"].get("labels") or {}
        if own.get(labels.SERVING_NAME) == name and own.get(labels.SERVING_VERSION):
            yield one["metadata"]["name"], own[labels.SERVING_VERSION]


def _url(services: Sequence[Object], name: str) -> str:
    """The URL of the Service that all versions share."""
    stable = next((one for one in services if one["metadata"]["name"] == name), None)
    if stable is None:
        return ""
    ports = addresses.endpoints(stable)
    address = addresses.address(stable, ports)
    port = next((one.port for one in ports if one.is_http), 0)
    return address if "://" in address or not address else f"http://{address}:{port}"
