"""The API of the local cluster: the store, its rules, and the HTTP server in front of them.

- `object_api`     `Api`: reads and writes objects; the rest supports or serves it
- `store`          SQLite: versions, transactions, listeners
- `app`            `make_app`: the aiohttp application; `handlers` answers requests on objects
- `access`         connections that are refused
- `rbac/`          who is impersonated, and their rights
- `streaming/`     what needs the processes behind pods: logs, exec, attach, port-forward, metrics
- `local_watch`    watches of operators and the node, in the same process; `http_watch` for clients
- `patches/`       the four kinds of patch; `ownership` says who owns the fields after a write
- `resource_types` the table of types; `schema` has their structures, most of them from `published/`
- `protobuf/`      objects in the form that Go clients prefer for Kubernetes' own kinds
- `versions`       kinds that are served in several versions
- `structure`      unknown fields, defaults and limits, as the structures say; `go_types` what is special to
                   built-in kinds

It imports neither the node nor an operator.
"""

from typing import TYPE_CHECKING, Any

from arena.local.api.object_api import Api

if TYPE_CHECKING:
    from arena.local.api.app import make_app

__all__ = ["Api", "make_app"]


def __getattr__(name: str) -> Any:
    """Import `make_app` on first use, because only the server needs the HTTP library."""
    if name == "make_app":
        from arena.local.api.app import make_app

        return make_app
    raise AttributeError(name)
