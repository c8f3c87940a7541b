"""What the administrator of a cluster has set for everybody."""

from arena.errors import NotAllowed, NotFound
from arena.kube import Cluster
from arena.resources import CONFIGMAPS

NAME = "arena-config"


def administrator(cluster: Cluster, namespace: str) -> dict[str, str]:
    """The data of the ConfigMap `arena-config`; empty where there is none or this user may not read it."""
    try:
        found = cluster.get(CONFIGMAPS, namespace, NAME)
    except (NotFound, NotAllowed):
        return {}
    data: dict[str, str] = found.get("data") or {}
    return data
