"""Requests to a server behind a proxy, through the HTTP library."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from arena.kube import limits, sockets, tls
from arena.kube.endpoint import Endpoint, Headers
from arena.kube.limits import Alarm

_POOL = 64


class _Now(threading.local):
    """The present request of a thread."""

    alarm: Alarm | None = None


_now = _Now()


class Broken(OSError):
    """A request without an answer, or an answer that broke off; its cause is the library's own error."""


class Pool:
    """Connections to one server through its proxy; may be shared by threads. See `transport.Pool`."""

    def __init__(self, endpoint: Endpoint, connect: float) -> None:
        self._server = endpoint.server
        self._manager = _manager(endpoint)
        self._connect = connect

    def request(
        self,
        method: str,
        target: str,
        body: bytes | None,
        headers: Headers,
        silence: float | None,
        alarm: Alarm | None = None,
    ) -> "Reply":
        """Send a request and read the answer's head; raises Broken if there is none."""
        _now.alarm = alarm
        with _broken():
            answer = self._manager.request(
                method,
                self._server + target,
                body=body,
                headers=urllib3.HTTPHeaderDict(headers),
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
        self._data: bytes | None = None
        self.status = answer.status
        # Unpacked here once: the library would unpack nested compression without limit.
        encoding = self.header("Content-Encoding")
        self._read = limits.unpacked(self._packed, encoding)
        self._read1 = limits.unpacked(self._packed1, encoding)

    def header(self, name: str) -> str:
        """One of the answer's headers, or ""."""
        return self._answer.headers.get(name) or ""

    @property
    def data(self) -> bytes:
        """The whole body, unpacked; afterwards, the connection is free for the next request."""
        if self._data is None:
            with _broken():
                self._data = limits.whole(self._read)
        return self._data

    def _packed(self, amount: int) -> bytes:
        return self._answer.read(amount, decode_content=False)

    def _packed1(self, amount: int) -> bytes:
        return self._answer.read1(amount, decode_content=False)

    def read1(self, amount: int) -> bytes:
        """What has arrived, at least a byte; b"" at the end."""
        with _broken():
            return self._read1(amount)

    def shutdown(self) -> None:
        """Wake up a reading thread, which finds the end."""
        self._answer.shutdown()

    def close(self) -> None:
        """Close the connection."""
        self._answer.close()


@contextmanager
def _broken() -> Iterator[None]:
    try:
        yield
    except HTTPError as cause:
        raise Broken from cause


def _manager(endpoint: Endpoint) -> urllib3.PoolManager:
    settings: dict[str, Any] = {"maxsize": _POOL, "socket_options": sockets.keepalive()}
    if endpoint.server.startswith("https:"):
        settings |= {"ssl_context": tls.context(endpoint), "server_hostname": endpoint.server_name}
    if not endpoint.verify:
        # The user chose this in the kubeconfig; a warning for each request would drown everything else.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    manager = _through_proxy(endpoint, settings)
    pools = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _watched(pool) for scheme, pool in pools.items()}
    return manager


def _watched(pool: Any) -> Any:
    """A class of pools whose connections are shown to the alarm of the request before its answer is read."""

    class Connection(pool.ConnectionCls):  # type: ignore[misc]
        def getresponse(self) -> Any:
            if _now.alarm is not None and self.sock is not None:
                _now.alarm.watch(self.sock)
            return super().getresponse()

    return type(pool.__name__, (pool,), {"ConnectionCls": Connection})


def _through_proxy(endpoint: Endpoint, settings: dict[str, Any]) -> urllib3.PoolManager:
    proxy, auth = str(endpoint.proxy), endpoint.proxy_auth
    if proxy.startswith("socks"):
        from urllib3.contrib.socks import SOCKSProxyManager

        return SOCKSProxyManager(proxy, **settings)
    headers = urllib3.make_headers(proxy_basic_auth=auth) if auth else None
    return urllib3.ProxyManager(proxy, proxy_headers=headers, **settings)
