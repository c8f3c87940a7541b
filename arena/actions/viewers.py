"""The page of a cluster's dashboard that shows a job's logs."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from arena.errors import NotAllowed, NotFound
from arena.model import Job
from arena.resources import NODES, SERVICES

if TYPE_CHECKING:
    from arena.kube import Cluster

Object = dict[str, Any]
DASHBOARD = "kubernetes-dashboard"
HOMES = ("kubernetes-dashboard", "kube-system")
"""Namespaces that it is usually installed in."""


def links(cluster: Cluster, job: Job, settings: str) -> list[str]:
    """An address for each instance of the job, the chief's first; none where there is no dashboard.

    Args:
        settings: arena's own namespace, where one may be installed too.
    """
    ranked = sorted(job.instances, key=lambda one: not one.chief)
    base = _dashboard(cluster, (job.namespace, settings, *HOMES)) if ranked else ""
    where = quote(job.namespace)
    return [f"{base}/#/log/{where}/{quote(one.name)}/pod?namespace={where}" for one in ranked if base]


def _dashboard(cluster: Cluster, namespaces: tuple[str, ...]) -> str:
    """Where the dashboard answers, by the first namespace that has one which can be reached; or ""."""
    for namespace in dict.fromkeys(namespaces):
        with suppress(NotFound, NotAllowed):
            if found := _address(cluster, cluster.get(SERVICES, namespace, DASHBOARD)):
                return found
    return ""


def _address(cluster: Cluster, service: Object) -> str:
    """Of a load balancer, or of any node where the Service has a port on each; else ""."""
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
