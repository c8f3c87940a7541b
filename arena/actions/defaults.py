"""What the administrator of a cluster has set for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arena.errors import NotAllowed, NotFound
from arena.resources import CONFIGMAPS

if TYPE_CHECKING:
    from arena.kube import Cluster

NAME = "arena-config"


def administrator(cluster: Cluster, namespace: str) -> dict[str, str]:
    """The data of the ConfigMap `arena-config`; empty where there is none or this user may not read it."""
    try:
        found = cluster.get(CONFIGMAPS, namespace, NAME)
    except (NotFound, NotAllowed):
        return {}
    data: dict[str, str] = found.get("data") or {}
    return data
