"""What `--debug` shows of requests: targets and results, but never a body or a credential."""

import sys
from typing import Any

from arena.kube.endpoint import Endpoint

_IMPERSONATION = "Impersonate-"


def note(text: str, *values: Any) -> None:
    """Log if logging was imported: importing `logging` takes longer than making a request."""
    logging = sys.modules.get("logging")
    if logging is not None:
        logging.getLogger("arena.kube").debug(text, *values)


def connection(endpoint: Endpoint) -> None:
    """Log the server, the proxy and the kind of credentials."""
    shown = [_masked(name, value) for name, value in endpoint.identity()]
    shown += ["a client certificate"] if endpoint.cert_file else []
    proxy = f" through the proxy {endpoint.proxy_address}" if endpoint.proxy else ""
    note("connect to %s%s with %s", endpoint.address, proxy, ", ".join(shown) or "no credentials")


def _masked(name: str, value: str) -> str:
    """A header for display, with credentials masked."""
    if name.startswith(_IMPERSONATION):
        return f"{name}: {value}"
    scheme, _, secret = value.partition(" ")
    return f"{name}: {scheme} ***" if secret else f"{name}: ***"
