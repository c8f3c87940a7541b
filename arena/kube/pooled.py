"""Requests through the HTTP library: TLS, proxies, compression, for every server but a plain local one."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import urllib3
from urllib3.exceptions import (
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    SSLError,
)
from urllib3.exceptions import (
    TimeoutError as Slow,
)
from urllib3.response import BaseHTTPResponse

from arena.errors import SpecError
from arena.kube.endpoint import Endpoint

_POOL = 64


class Broken(OSError):
    """A request that got no answer, or an answer that broke off; its cause is the library's own error.

    `passing` says whether trying again soon may help: not where a name, a certificate or a silent
    host is at fault.
    """

    def __init__(self, cause: HTTPError) -> None:
        super().__init__()
        hopeless = isinstance(cause, SSLError | NameResolutionError)
        self.passing = not hopeless and (isinstance(cause, NewConnectionError) or not isinstance(cause, Slow))


class Pool:
    """Connections to one server; may be shared by threads. See `transport.Pool`."""

    def __init__(self, endpoint: Endpoint, connect: float) -> None:
        self._server = endpoint.server
        self._manager = _manager(endpoint)
        self._connect = connect

    def request(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str], silence: float | None
    ) -> "Reply":
        """Send a request and read the answer's head; Broken where there is none."""
        with _broken():
            answer = self._manager.request(
                method,
                self._server + target,
                body=body,
                headers=headers,
                timeout=urllib3.Timeout(connect=self._connect, read=silence),
                retries=False,
                redirect=False,
                preload_content=False,
            )
        return Reply(answer)


class Reply:
    """An answer whose reading raises Broken. See `transport.Reply`."""

    def __init__(self, answer: BaseHTTPResponse) -> None:
        self._answer = answer
        self.status = answer.status

    def header(self, name: str) -> str:
        """One of the answer's headers, or ""."""
        return self._answer.headers.get(name) or ""

    @property
    def data(self) -> bytes:
        """The whole body; the connection is free for the next request then."""
        with _broken():
            return self._answer.data

    def read1(self, amount: int) -> bytes:
        """What has arrived, at least a byte; b"" at the end."""
        with _broken():
            return self._answer.read1(amount)

    def shutdown(self) -> None:
        """Wake up a thread that reads: it finds the end."""
        self._answer.shutdown()

    def close(self) -> None:
        """Give the connection up."""
        self._answer.close()


@contextmanager
def _broken() -> Iterator[None]:
    try:
        yield
    except HTTPError as cause:
        raise Broken(cause) from cause


def _manager(endpoint: Endpoint) -> urllib3.PoolManager:
    settings: dict[str, Any] = {"maxsize": _POOL, "socket_options": keepalive()}
    if endpoint.server.startswith("https:"):
        settings |= {
            "cert_reqs": "CERT_REQUIRED" if endpoint.verify else "CERT_NONE",
            "ca_certs": endpoint.ca_file,
            "cert_file": endpoint.cert_file,
            "key_file": endpoint.key_file,
            "server_hostname": endpoint.server_name,
        }
    if not endpoint.verify:
        # The user chose this in the kubeconfig; a warning a request would drown everything else.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    if endpoint.proxy is None:
        return urllib3.PoolManager(**settings)
    return _through_proxy(endpoint.proxy, settings)


def _through_proxy(proxy: str, settings: dict[str, Any]) -> urllib3.PoolManager:
    url = urllib3.util.parse_url(proxy)
    if (url.scheme or "").startswith("socks"):
        try:
            from urllib3.contrib.socks import SOCKSProxyManager
        except ImportError as cause:
            raise SpecError(
                "a SOCKS proxy needs a part that is not installed",
                "pip install pysocks, or use another proxy",
            ) from cause
        return SOCKSProxyManager(proxy, **settings)
    headers = urllib3.make_headers(proxy_basic_auth=url.auth) if url.auth else None
    return urllib3.ProxyManager(proxy, proxy_headers=headers, **settings)


def keepalive() -> list[tuple[int, int, int]]:
    """Socket options with which a peer that vanished is noticed within about a minute."""
    options = [
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    ]
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            options.append((socket.IPPROTO_TCP, getattr(socket, name), value))
    return options
