"""The gateway: everything that arena says to a cluster goes through `Cluster`.

Dicts in, dicts out, one raw request function, no generated models. Nothing here knows what a job is,
or whether the cluster is the local one.

- `cluster`            `Cluster`: the verbs, such as get, list, create, patch, delete, watch, logs and exec
- `discovery`          which types and versions a cluster serves
- `definitions`        which fields the spec of a type has
- `pages`              lists, page by page
- `lists`              lists that may be long
- `podlists`           their many pods, in the cheapest form that the answer needs
- `streaming`          answers that are read item by item as they arrive
- `protobuf`           decoding of the few messages that are read in this form
- `watches`            a watch that outlives connections and servers
- `streams`            logs, and the sessions of exec and attach
- `forwards`           local ports that are forwarded to a pod
- `websocket`          the framed connection under exec, attach and port forwards
- `spdy`               the same for exec and attach, where the user may not open a websocket
- `transport`          one request: timeouts, retries and fresh credentials
- `retries`            when a request is sent again
- `waiting`            what people hear of requests that take long, and of servers that are away
- `requestlog`         what `--debug` shows of requests
- `limits`             the largest answer in bytes, and the longest in seconds
- `gzipped`            answers that are packed
- `decoding`           JSON from a server as data
- `direct`             requests to a server without a proxy
- `http1`              HTTP/1.1 over such a connection
- `sockets`            the connections themselves, with TLS where the server has it
- `proxied`            requests through a proxy, with the HTTP library
- `tls`                the certificates and keys of connections
- `urls`               addresses of servers, and the paths and queries of requests
- `endpoint`           the address of the server and the credentials for it
- `kubeconfig`         reading and merging kubeconfig files
- `service_account`    whether this process runs in a pod that has one
- `credentials`        tokens, passwords and certificates of a context or a pod
- `plugins`            credentials from a program
- `oidc`               credentials from a login service
- `proxies`            the proxy that requests go through
- `keyfiles`           certificates and keys as files
- `faults`             the only place that turns HTTP statuses into `arena.errors`
- `connection_errors`  the only place that turns broken connections into `arena.errors`
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from arena.kube.cluster import Cluster
    from arena.kube.endpoint import Endpoint
    from arena.kube.faults import NoTrial, Taken
    from arena.kube.streams import LogQuery
    from arena.kube.waiting import Waiting

__all__ = ["Cluster", "Endpoint", "LogQuery", "NoTrial", "Taken", "Waiting"]

_HOMES = {
    "Cluster": "cluster",
    "Endpoint": "endpoint",
    "LogQuery": "streams",
    "NoTrial": "faults",
    "Taken": "faults",
    "Waiting": "waiting",
}


def __getattr__(name: str) -> Any:
    """Import on first use, so that reading a kubeconfig does not load an HTTP client."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
