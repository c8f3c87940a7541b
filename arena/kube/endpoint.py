"""The address of a cluster's server and the credentials for it, as plain data."""

from _socket import socket
from collections.abc import Callable, Sequence

from arena.kube import urls
from arena.tuples import NamedTuple
from arena.values import field, frozen

Headers = Sequence[tuple[str, str]]
"""Names and values; a name may come several times."""


class Proof(NamedTuple):
    """Credentials: headers, computed before every request, and a certificate with its key."""

    headers: Callable[[], dict[str, str]]
    cert_file: str | None = None
    key_file: str | None = None


@frozen
class Endpoint:
    """A server, its TLS and its credentials.

    `headers` is called before every request, since tokens expire; it never appears in a repr.
    """

    server: str
    headers: Callable[[], dict[str, str]] = field(default=dict, repr=False)
    impersonation: Headers = ()
    """Headers for the user whom an administrator impersonates."""
    verify: bool = True
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    server_name: str | None = None
    """The expected name in the server's certificate, if it differs from the address."""
    proxy: str | None = field(default=None, repr=False)
    proxy_origin: str = ""
    """Where the proxy is configured, for messages."""
    dial: Callable[[float], socket] | None = field(default=None, repr=False)
    """Connects within the given seconds, or raises OSError, if the server is reached by plain HTTP without
    its address, such as over a private Unix socket.
    """
    extras: str = ""
    """The path below which the server tells what no other cluster does, or "": at `types` which types have
    objects, at `metrics` what its pods were asked.
    """
    is_lost: Callable[[], bool] = field(default=lambda: False, repr=False)
    """Whether the server is gone for good, unless loading the endpoint again starts it."""

    def identity(self) -> Headers:
        """The headers that identify the user, for one request."""
        return [*self.headers().items(), *self.impersonation]

    @property
    def host(self) -> str:
        """The server's host name or address, without port."""
        return urls.address(self.server).host

    @property
    def address(self) -> str:
        """The server's host name or address, with the port if it is not the default."""
        return urls.address(self.server).netloc

    @property
    def proxy_address(self) -> str:
        """The proxy's host and port, without its password."""
        return urls.address(self.proxy or "").netloc

    @property
    def proxy_auth(self) -> str:
        """User and password for the proxy, separated by a colon; "" where there are none."""
        from urllib.parse import unquote, urlsplit

        url = urlsplit(self.proxy or "")
        return f"{unquote(url.username)}:{unquote(url.password or '')}" if url.username else ""

    @property
    def is_loopback(self) -> bool:
        """Whether requests stay on this machine: no proxy and no compression then."""
        if self.host in ("127.0.0.1", "localhost"):
            return True  # the usual ones, without importing a module for all of them
        from ipaddress import ip_address

        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False
