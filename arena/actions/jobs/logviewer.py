"""Links to a job's logs on the cluster's dashboard."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from arena.errors import NotAllowed, NotFound
from arena.model.jobs import Job
from arena.resources import NODES, SERVICES

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]
DASHBOARD = "kubernetes-dashboard"
HOMES = ("kubernetes-dashboard", "kube-system")
"""Namespaces in which it is usually installed."""


def links(cluster: Cluster, job: Job, settings: str) -> list[str]:
    """A link for each instance of the job, the chief's first; none without a dashboard.

    Args:
        settings: arena's own namespace, in which one may be installed, too.
    """
    ranked = sorted(job.instances, key=lambda one: not one.chief)
    base = _dashboard(cluster, (job.namespace, settings, *HOMES)) if ranked else ""
    where = quote(job.namespace)
    return [f"{base}/#/log/{where}/{quote(one.name)}/pod?namespace={where}" for one in ranked if base]


def _dashboard(cluster: Cluster, namespaces: tuple[str, ...]) -> str:
    """The address of the first reachable dashboard; "" if there is none."""
    for namespace in dict.fromkeys(namespaces):
        with suppress(NotFound, NotAllowed):
            if found := _address(cluster, cluster.get(SERVICES, namespace, DASHBOARD)):
                return found
    return ""


def _address(cluster: Cluster, service: Object) -> str:
    """The address of a load balancer, or of any node if the Service has a node port; else ""."""
    ports = (service.get("spec") or {}).get("ports") or [{}]
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    host = next((one.get("ip") or one.get("hostname") for one in ingress), "")
    port = ports[0].get("port") if host else ports[0].get("nodePort")
    if not host and port:
        addresses = (
            one["address"]
            for node in cluster.list(NODES)
            for one in (node.get("status") or {}).get("addresses") or ()
            if one.get("type") == "InternalIP"
        )
        host = next(addresses, "")
    scheme = "http" if port in (80, 8080, 9090) else "https"
    return f"{scheme}://{host}:{port}" if host and port else ""
