"""The framed connection under exec, attach and port forwards."""

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from arena.errors import NotAllowed, SpecError, Unreachable
from arena.kube import faults
from arena.kube.endpoint import Endpoint
from arena.kube.faults import Asked
from arena.kube.transport import CONNECT, READ, Request, Transport

_LONG = 1e6
"""Seconds. A TLS socket with a timeout does not hold its lock while it waits, so others can send."""


class Socket:
    """A connection whose frames are bytes; one thread may read while others send."""

    def __init__(self, raw: Any, asked: Asked) -> None:
        self._raw = raw
        self._asked = asked
        self._closed = threading.Event()
        self.protocol: str = raw.getsubprotocol() or ""

    def __enter__(self) -> "Socket":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[bytes]:
        """The frames until either side closes; raises Unreachable where the connection breaks."""
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
                raise _broken(self._asked) from cause
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
            raise _broken(self._asked) from cause

    def close(self) -> None:
        """Hang up; a blocked reader stops."""
        self._closed.set()
        plug = self._raw.sock
        if plug is not None:
            # The other side may have been first.
            with suppress(OSError):
                plug.shutdown(socket.SHUT_RDWR)
            plug.close()


def connect(transport: Transport, request: Request, protocols: Sequence[str]) -> Socket:
    """Open the connection that a request asks for, in the first of `protocols` that the server knows."""
    try:
        return _connect(transport.endpoint, request, protocols)
    except NotAllowed:
        if not transport.renew():
            raise
        return _connect(transport.endpoint, request, protocols)


def _connect(endpoint: Endpoint, request: Request, protocols: Sequence[str]) -> Socket:
    import websocket

    try:
        raw = websocket.create_connection(
            "ws" + endpoint.server.removeprefix("http") + request.target,
            timeout=READ,
            header=[f"{key}: {value}" for key, value in endpoint.headers().items()],
            subprotocols=list(protocols),
            socket=_plug(endpoint, request.asked),
            suppress_origin=True,
            skip_utf8_validation=True,
            redirect_limit=0,
        )
    except websocket.WebSocketBadStatusException as bad:
        raise faults.refusal(bad.status_code, bad.resp_body or b"", request.asked) from bad
    except websocket.WebSocketException as cause:
        raise faults.not_json(request.asked) from cause
    except faults.BROKEN as cause:
        raise faults.broken(cause, request.asked, endpoint) from cause
    raw.settimeout(_LONG)
    return Socket(raw, request.asked)


def _plug(endpoint: Endpoint, asked: Asked) -> socket.socket:
    """A connected socket to the server, through its proxy and TLS as every other request."""
    from arena.kube.pooled import keepalive

    url = urlsplit(endpoint.server)
    secure = url.scheme == "https"
    address = endpoint.host, url.port or (443 if secure else 80)
    plug = (
        _tunnel(endpoint.proxy, address, asked)
        if endpoint.proxy
        else socket.create_connection(address, CONNECT)
    )
    for option in keepalive():
        plug.setsockopt(*option)
    plug.settimeout(READ)
    return (
        _tls(endpoint).wrap_socket(plug, server_hostname=endpoint.server_name or endpoint.host)
        if secure
        else plug
    )


def _tunnel(proxy: str, address: tuple[str, int], asked: Asked) -> socket.socket:
    import urllib3

    url = urlsplit(proxy)
    if url.scheme != "http":
        text = f"cannot {asked.verb} {asked.noun} through a proxy of the kind {url.scheme}"
        raise SpecError(text, "use an http proxy, or put the cluster into NO_PROXY")
    link = http.client.HTTPConnection(url.hostname or "", url.port or 80, timeout=CONNECT)
    auth = f"{url.username}:{url.password or ''}" if url.username else None
    link.set_tunnel(*address, headers=urllib3.make_headers(proxy_basic_auth=auth))
    link.connect()
    plug: socket.socket = link.sock
    return plug


def _tls(endpoint: Endpoint) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=endpoint.ca_file)
    if not endpoint.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if endpoint.cert_file:
        context.load_cert_chain(endpoint.cert_file, endpoint.key_file)
    return context


def _broken(asked: Asked) -> Unreachable:
    return Unreachable(f"the connection to {asked.noun}{asked.place} broke", "try again")
