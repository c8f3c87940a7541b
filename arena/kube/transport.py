"""One request to a server: its timeouts, its retries, and fresh credentials when they ran out."""

import gc
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import urllib3
from urllib3.response import BaseHTTPResponse

from arena.errors import ArenaError, SpecError
from arena.kube import faults
from arena.kube.endpoint import Endpoint
from arena.kube.faults import Asked

CONNECT, READ = 5.0, 60.0
"""Seconds to wait for a connection, and between two bytes of an answer."""

_ATTEMPTS = 4
_LONGEST_PAUSE = 10.0
_POOL = 64


class Request(NamedTuple):
    """What is sent.

    `body` is JSON data or None. A `stream` may stay silent for ever: no timeout between its bytes
    unless `silence` (seconds) says so.
    """

    asked: Asked
    method: str
    path: str
    query: Mapping[str, Any] = {}
    body: Any = None
    content_type: str = "application/json"
    accept: str = "application/json"
    stream: bool = False
    silence: float | None = None

    @property
    def target(self) -> str:
        """Path and query as they go on the wire; None and "" are left out of the query."""
        kept = [(key, _text(value)) for key, value in self.query.items() if value not in (None, "")]
        try:
            path = quote(self.path, safe="/:@")
            return f"{path}?{urlencode(kept, doseq=True)}" if kept else path
        except UnicodeEncodeError as cause:
            raise SpecError("an argument is not UTF-8 text", "type it again, or set LANG") from cause


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


class Transport:
    """Sends requests to one server; may be shared by threads.

    Args:
        load: gives the endpoint; asked at the first request, and again once when the server does not
            accept the credentials any more.
    """

    def __init__(self, load: Callable[[], Endpoint]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._known: tuple[Endpoint, urllib3.PoolManager] | None = None

    @property
    def endpoint(self) -> Endpoint:
        """The server and the credentials now in use."""
        return self._open()[0]

    def json(self, request: Request) -> dict[str, Any]:
        """The answer as a JSON object."""
        reply = self.send(request)
        try:
            with paused_gc():
                data = json.loads(reply.data)
        except (ValueError, RecursionError):
            raise faults.not_json(request.asked) from None
        except faults.BROKEN as cause:
            raise faults.broken(cause, request.asked, self.endpoint.host) from cause
        if not isinstance(data, dict):
            raise faults.not_json(request.asked)
        return data

    def send(self, request: Request) -> BaseHTTPResponse:
        """The answer to a request; raises one of `arena.errors` unless its status is below 300.

        Only reads are tried again: after a broken or refused connection, a 429 or a 5xx.
        """
        fresh = False
        attempt = 0
        while True:
            attempt += 1
            last = attempt >= _ATTEMPTS or request.method != "GET"
            try:
                reply = self._once(request)
            except faults.BROKEN as cause:
                if last or not _passing(cause):
                    raise faults.broken(cause, request.asked, self.endpoint.host) from cause
                time.sleep(_pause(attempt))
                continue
            if reply.status < 300:
                return reply
            error, pause = self._refusal(reply, request), _pause(attempt, reply)
            if reply.status == 401 and not fresh:
                fresh = self.renew()
                if fresh:
                    continue
            if last or (reply.status != 429 and reply.status < 500) or reply.status == 501:
                raise error
            time.sleep(pause)

    def _once(self, request: Request) -> BaseHTTPResponse:
        """Send once; the body is read at once unless it is a stream."""
        endpoint, pool = self._open()
        headers = {"Accept": request.accept, "User-Agent": "arena", **endpoint.headers()}
        if not endpoint.is_loopback and not request.stream:
            headers["Accept-Encoding"] = "gzip"
        body = None
        if request.body is not None:
            headers["Content-Type"] = request.content_type
            body = json.dumps(request.body, allow_nan=False).encode()
        return pool.request(
            request.method,
            endpoint.server + request.target,
            body=body,
            headers=headers,
            timeout=urllib3.Timeout(connect=CONNECT, read=request.silence if request.stream else READ),
            retries=False,
            redirect=False,
            preload_content=not request.stream,
        )

    def _refusal(self, reply: BaseHTTPResponse, request: Request) -> ArenaError:
        """The error of a refused request; a stream's connection goes back to the pool."""
        try:
            return faults.refusal(reply.status, reply.data, request.asked)
        except faults.BROKEN as cause:
            return faults.broken(cause, request.asked, self.endpoint.host)

    def _open(self) -> tuple[Endpoint, urllib3.PoolManager]:
        with self._lock:
            if self._known is None:
                endpoint = self._load()
                self._known = endpoint, _pool(endpoint)
            return self._known

    def renew(self) -> bool:
        """Load the credentials again, as a token may have ended early; whether they are others now."""
        with self._lock:
            before, self._known = self._known, None
        after = self._open()[0]
        return (
            before is None or after.headers() != before[0].headers() or after.cert_file != before[0].cert_file
        )


def _pool(endpoint: Endpoint) -> urllib3.PoolManager:
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


def _passing(cause: BaseException) -> bool:
    """Whether trying again soon may help: not where a name, a certificate or a silent host is at fault."""
    hopeless = (urllib3.exceptions.SSLError, urllib3.exceptions.NameResolutionError)
    slow = urllib3.exceptions.TimeoutError
    refused = urllib3.exceptions.NewConnectionError
    return not isinstance(cause, hopeless) and (isinstance(cause, refused) or not isinstance(cause, slow))


def _pause(attempt: int, reply: BaseHTTPResponse | None = None) -> float:
    """Seconds before the next attempt: what the server asks for, else 0.1, 0.2, 0.4 ..."""
    wish = reply.headers.get("Retry-After", "") if reply is not None else ""
    if wish.isdigit():
        return min(float(wish), _LONGEST_PAUSE)
    return float(0.1 * 2 ** (attempt - 1))


def lines(reply: BaseHTTPResponse) -> Iterator[bytes]:
    """The lines of a stream as they arrive, without their ends; raises what broke the stream."""
    for batch in batches(reply):
        yield from batch


def batches(reply: BaseHTTPResponse) -> Iterator[list[bytes]]:
    """As `lines`, but all that arrived together at once."""
    rest = b""
    while chunk := reply.read1(1 << 16):
        first, *more = chunk.split(b"\n")
        if not more:
            rest += first
            continue
        last = more.pop()
        yield [rest + first, *more]
        rest = last
    if rest:
        yield [rest]


_gc_lock = threading.Lock()
_gc_pauses = 0


@contextmanager
def paused_gc() -> Iterator[None]:
    """No cyclic garbage collection meanwhile: it takes two thirds of the time of decoding a page.

    Threads may overlap; the last one to leave turns it on again, if it was on.
    """
    global _gc_pauses
    with _gc_lock:
        if _gc_pauses or gc.isenabled():
            _gc_pauses += 1
            mine = True
            gc.disable()
        else:
            mine = False
    try:
        yield
    finally:
        with _gc_lock:
            if mine:
                _gc_pauses -= 1
                if not _gc_pauses:
                    gc.enable()
