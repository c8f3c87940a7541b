"""Connections to a server without a proxy: sockets, with TLS if the address requires it."""

import _socket
from typing import TYPE_CHECKING

from arena import operating_system
from arena.kube import urls
from arena.kube.endpoint import Endpoint

if TYPE_CHECKING:
    import socket
    import ssl


class NewConnectionError(OSError):
    """No connection; `connection_errors` knows it by this name, which the HTTP library uses, too."""


class ConnectTimeoutError(TimeoutError):
    """No connection in time; the HTTP library uses this name, too."""


class Dialer:
    """Opens connections to one server; may be shared by threads.

    Attributes:
        port: the server's port.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        url = urls.address(endpoint.server)
        self._endpoint = endpoint
        self._secure = url.scheme == "https" and endpoint.dial is None
        # As bytes: for text, Python imports the codec for international names.
        self._host = ascii_name(endpoint.host).encode()
        self.port = url.port or (443 if self._secure else 80)
        self._tls = _security(endpoint) if self._secure else None

    def dial(self, seconds: float) -> _socket.socket:
        """Open a connection within the given seconds."""
        if self._endpoint.dial is not None:
            return self._endpoint.dial(seconds)
        from socket import create_connection

        try:
            link = create_connection((self._host, self.port), seconds)  # type: ignore[arg-type]
        except TimeoutError as cause:
            raise ConnectTimeoutError from cause
        except OSError as cause:
            raise NewConnectionError from cause
        return self.prepared(link)

    def prepared(self, link: "socket.socket") -> "socket.socket":
        """Set the usual options of a connection, and perform the TLS handshake if the server requires it."""
        try:
            for option in keepalive():
                link.setsockopt(*option)
            return self._tls.wrap_socket(link, server_hostname=self._expected) if self._tls else link
        except BaseException:
            link.close()
            raise

    @property
    def _expected(self) -> bytes:
        """The name to expect in the server's certificate."""
        name = self._endpoint.server_name
        return (ascii_name(name).encode() if name else self._host).rstrip(b".")


def _security(endpoint: Endpoint) -> "ssl.SSLContext":
    """The settings of TLS, which is slow to import."""
    from arena.kube import tls

    return tls.context(endpoint)


def ascii_name(name: str) -> str:
    """The name of a host as sent."""
    return name if name.isascii() else name.encode("idna").decode()


def keepalive() -> list[tuple[int, int, int]]:
    """Socket options that detect a vanished peer within about a minute."""
    import socket

    return [
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        *operating_system.probes(idle=30, interval=10, count=3),
    ]
