"""The API of the local cluster: the store, its rules, and the HTTP server in front of them.

- `service`    `Api`: read and write objects; everything else is behind or in front of it
- `store`      SQLite; versions, transactions, listeners
- `server`     `make_app`: the aiohttp application
- `guard`      who may talk to it
- `types`      the table of types
"""

from typing import TYPE_CHECKING, Any

from arena.local.api.service import Api

if TYPE_CHECKING:
    from arena.local.api.server import make_app

__all__ = ["Api", "make_app"]


def __getattr__(name: str) -> Any:
    """`make_app` on first use: it imports the HTTP library, which only the server needs."""
    if name == "make_app":
        from arena.local.api.server import make_app

        return make_app
    raise AttributeError(name)
