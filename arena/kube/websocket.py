"""The framed connection under exec, attach and port forwards."""

import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from arena.errors import SpecError, Unreachable
from arena.kube import connection_errors, faults, limits, requestlog
from arena.kube.duplex import Duplex
from arena.kube.endpoint import Endpoint
from arena.kube.faults import Asked
from arena.kube.sockets import Dialer
from arena.kube.transport import CONNECT, READ, Request, Transport


class ProxyError(OSError):
    """A proxy could not connect; `faults` knows it by this name, which the HTTP library uses, too."""


class Socket:
    """A connection whose frames are bytes; one thread may read while others send."""

    def __init__(self, raw: Any, asked: Asked) -> None:
        self._raw = raw
        self._asked = asked
        self._closed = threading.Event()
        self.protocol: str = raw.getsubprotocol() or ""

    @property
    def ends_input(self) -> bool:
        """Whether the server can be told of the end of a channel (since 1.30)."""
        return self.protocol == "v5.channel.k8s.io"

    def __enter__(self) -> "Socket":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[bytes]:
        """The frames until either side closes; raises Unreachable if the connection breaks."""
        import websocket

        data_codes = (websocket.ABNF.OPCODE_BINARY, websocket.ABNF.OPCODE_TEXT)
        while not self._closed.is_set():
            try:
                code, frame = self._raw.recv_data()
            except websocket.WebSocketConnectionClosedException:
                return
            except (websocket.WebSocketException, OSError) as cause:
                if self._closed.is_set():
                    return
                raise broken(self._asked) from cause
            if code == websocket.ABNF.OPCODE_CLOSE:
                return
            if code in data_codes:
                yield frame

    def send(self, frame: bytes) -> None:
        """Send one frame."""
        import websocket

        try:
            self._raw.send_binary(frame)
        except (websocket.WebSocketException, OSError) as cause:
            raise broken(self._asked) from cause

    def close(self) -> None:
        """Close the connection; a blocked reader stops."""
        self._closed.set()
        plug = self._raw.sock
        if plug is not None:
            # The other side may have closed it already.
            with suppress(OSError):
                plug.shutdown(socket.SHUT_RDWR)
            plug.close()


def connect(transport: Transport, request: Request, protocols: Sequence[str]) -> Socket:
    """Open the connection for a request, with the first of `protocols` that the server supports."""
    endpoint = transport.endpoint
    try:
        return _connect(endpoint, request, protocols)
    except faults.NotAuthenticated:
        if not transport.renew(endpoint):
            raise
        return _connect(transport.endpoint, request, protocols)


def _connect(endpoint: Endpoint, request: Request, protocols: Sequence[str]) -> Socket:
    import websocket

    headers = [f"{key}: {value}" for key, value in endpoint.identity()]
    requestlog.note("open %s", request.target)
    try:
        raw = websocket.create_connection(
            "ws" + endpoint.server.removeprefix("http") + request.target,
            timeout=READ,
            header=headers,
            subprotocols=list(protocols),
            socket=plug(endpoint, request.asked),
            suppress_origin=True,
            skip_utf8_validation=True,
            redirect_limit=0,
        )
    except websocket.WebSocketBadStatusException as bad:
        raise faults.refusal(bad.status_code, bad.resp_body or b"", request.asked) from bad
    except websocket.WebSocketException as cause:
        raise faults.not_json(request.asked) from cause
    except faults.BROKEN as cause:
        raise connection_errors.broken(cause, request.asked, endpoint) from cause
    raw.settimeout(None)
    _bound(raw)
    return Socket(raw, request.asked)


def _bound(raw: Any) -> None:
    """Limit a frame, and all parts of a message, like an answer: the library keeps them whole."""
    receive, add = raw.frame_buffer.recv_strict, raw.cont_frame.add

    def checked(frame: Any) -> None:
        before = raw.cont_frame.cont_data
        limits.checked(len(frame.data) + (len(before[1]) if before else 0))
        add(frame)

    raw.frame_buffer.recv_strict = lambda size: receive(limits.checked(size))
    raw.cont_frame.add = checked


def plug(endpoint: Endpoint, asked: Asked) -> socket.socket | Duplex:
    """A connection to the server, through its proxy and TLS like every other request."""
    dialer = Dialer(endpoint)
    if endpoint.proxy:
        plug = dialer.prepared(_tunnel(endpoint, (endpoint.host, dialer.port), asked))
    else:
        link = dialer.dial(CONNECT)
        plug = link if isinstance(link, socket.socket) else socket.socket(fileno=link.detach())
    plug.settimeout(READ)
    return Duplex(plug) if isinstance(plug, ssl.SSLSocket) else plug


def _tunnel(endpoint: Endpoint, address: tuple[str, int], asked: Asked) -> socket.socket:
    import http.client

    import urllib3

    url = urlsplit(endpoint.proxy or "")
    if url.scheme != "http":
        text = f"cannot {asked.verb} {asked.noun} through a proxy of type {url.scheme}"
        raise SpecError(text, "use an http proxy, or put the cluster into NO_PROXY")
    link = http.client.HTTPConnection(url.hostname or "", url.port or 80, timeout=CONNECT)
    link.set_tunnel(*address, headers=urllib3.make_headers(proxy_basic_auth=endpoint.proxy_auth or None))
    try:
        link.connect()
    except OSError as cause:
        raise ProxyError from cause
    plug: socket.socket = link.sock
    return plug


def broken(asked: Asked) -> Unreachable:
    """The error for a connection that broke."""
    return Unreachable(f"the connection to {asked.noun}{asked.place} broke", "try again")
