"""Where a cluster's server is and how to prove who one is: plain data."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit


class Proof(NamedTuple):
    """Who one is: headers, asked before every request, and a certificate with its key."""

    headers: Callable[[], dict[str, str]]
    cert_file: str | None = None
    key_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A server, its TLS and its credentials.

    `headers` is asked before every request, since tokens expire; it never appears in a repr.
    """

    server: str
    headers: Callable[[], dict[str, str]] = field(default=dict, repr=False)
    verify: bool = True
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    server_name: str | None = None
    """The name to expect in the server's certificate, where it differs from the address."""
    proxy: str | None = field(default=None, repr=False)
    is_lost: Callable[[], bool] = field(default=lambda: False, repr=False)
    """Whether nobody will answer here any more, unless whoever loads the endpoint again starts the server."""

    @property
    def host(self) -> str:
        """The server's host name or address, without port."""
        return urlsplit(self.server).hostname or ""

    @property
    def address(self) -> str:
        """The server's host name or address, with the port where it has one of its own."""
        return urlsplit(self.server).netloc.rpartition("@")[2]

    @property
    def is_loopback(self) -> bool:
        """Whether requests stay on this machine: no proxy and no compression then."""
        if self.host in ("127.0.0.1", "localhost"):
            return True  # the usual ones, known without the module that knows all
        from ipaddress import ip_address

        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False
