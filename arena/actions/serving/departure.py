"""Take a version out of the split of its serving's traffic, before it is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from arena import labels
from arena.actions.serving import find, listing, traffic
from arena.actions.serving.find import Found
from arena.errors import NotAllowed, NotFound
from arena.kinds.serving.base import splits
from arena.resources import HTTP_ROUTES, VIRTUAL_SERVICES, Resource

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]


def leave_split(cluster: Cluster, found: Found) -> None:
    """Give the share of a version to the others, so that no request goes where nothing answers.

    If no other version is left, the split goes with the version, which owns it. Without the right to change
    routes, nothing is done.
    """
    name, version = found.serving.name, found.serving.version
    for by in (HTTP_ROUTES, VIRTUAL_SERVICES):
        try:
            route = cluster.get(by, found.serving.namespace, name) if cluster.serves(by) else None
            if route and version in (weights := _weights(cluster, route, name)):
                _redirect(cluster, found, by, weights)
        except (NotFound, NotAllowed):
            continue


def weights(cluster: Cluster, namespace: str, name: str) -> dict[str, int]:
    """Version -> percent of the split that arena has made of a serving; empty if none can be read."""
    for by in (HTTP_ROUTES, VIRTUAL_SERVICES):
        try:
            route = cluster.get(by, namespace, name) if cluster.serves(by) else None
        except (NotFound, NotAllowed):
            continue
        if route and (found := _weights(cluster, route, name)):
            return splits.percents(found)
    return {}


def _weights(cluster: Cluster, route: Object, name: str) -> dict[str, int]:
    """Version -> weight of a split that arena has made; empty for others."""
    meta = route["metadata"]
    if (meta.get("labels") or {}).get(labels.SERVING_NAME) != name:
        return {}
    there = listing.services(cluster, meta["namespace"])
    versions = {
        one["metadata"]["name"]: (one["metadata"].get("labels") or {}).get(labels.SERVING_VERSION, "")
        for one in there
    }
    return splits.shares(route, versions)


def _redirect(cluster: Cluster, found: Found, by: Resource, weights: dict[str, int]) -> None:
    name, namespace = found.serving.name, found.serving.namespace
    uid = found.obj["metadata"]["uid"]
    others = [one for one in find.every(cluster, namespace, name) if one.obj["metadata"]["uid"] != uid]
    if not others:
        return
    left = {one.serving.version: weights.get(one.serving.version, 0) for one in others}
    if not any(left.values()):
        left = {one.serving.version: 100 * (one is others[0]) for one in others}
    shared = splits.percents(left)
    kept = {version: percent for version, percent in shared.items() if percent or version in weights}
    traffic.send(cluster, splits.objects(traffic.planned(cluster, others, kept), by))
