"""The API of the local cluster: the store, its rules, and the HTTP server in front of them.

- `service`    `Api`: read and write objects; everything else is behind or in front of it
- `store`      SQLite; versions, transactions, listeners
- `server`     `make_app`: the aiohttp application and who may talk to it
- `types`      the table of types
"""

from arena.local.api.service import Api

__all__ = ["Api"]
