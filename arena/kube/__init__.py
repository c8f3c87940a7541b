"""The gateway: everything that arena says to a cluster goes through `Cluster`.

Dicts in, dicts out, one raw request function, no generated models. Nothing here knows what a job is,
nor whether the cluster is the local one.

- `cluster`      `Cluster`: the verbs (get, list, create, patch, delete, watch, logs, exec, forward, metrics)
- `discovery`    which types and versions a cluster serves
- `pages`        lists, page by page
- `watches`      a watch that outlives connections and servers
- `streams`      logs, and the sessions of exec and attach
- `forwards`     local ports that end in a pod
- `websocket`    the framed connection under exec, attach and port forwards
- `transport`    one request, its timeouts, retries and fresh credentials
- `decoding`     a server's JSON as data
- `plain`        connections to a plain server of this machine, with the standard library alone
- `pooled`       connections to any other server, through the HTTP library
- `endpoint`     where the server is and how to prove who one is
- `kubeconfig`   reading and merging kubeconfig files
- `credentials`  tokens, passwords and certificates of a context or a pod
- `plugins`      what credential plug-ins give: the only module that imports `kubernetes`
- `faults`       the only place that turns statuses and broken connections into `arena.errors`
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from arena.kube.cluster import Cluster
    from arena.kube.endpoint import Endpoint
    from arena.kube.streams import LogQuery

__all__ = ["Cluster", "Endpoint", "LogQuery"]

_HOMES = {"Cluster": "cluster", "Endpoint": "endpoint", "LogQuery": "streams"}


def __getattr__(name: str) -> Any:
    """Import on first use: reading a kubeconfig shall not pay for an HTTP client."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
