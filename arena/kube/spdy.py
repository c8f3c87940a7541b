"""Sessions over SPDY/3.1, with the frames of a WebSocket.

A WebSocket begins with GET, for which servers require `get` of the subresource (since 1.35 `create`, too);
SPDY begins with POST, for which `create` is enough. So it serves users who may not `get`, as in kubectl.
"""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress

from arena import spdy
from arena.kube import connection_errors, faults, http1, limits, requestlog, urls
from arena.kube.duplex import Duplex
from arena.kube.endpoint import Endpoint
from arena.kube.faults import Asked
from arena.kube.sockets import ascii_name
from arena.kube.transport import READ, Request, Transport
from arena.kube.websocket import broken, plug
from arena.spdy import PROTOCOL, STREAMS

_STDIN, _ERROR, _CLOSE = 0, 3, 255
_BLOCK = 1 << 16


class Session:
    """The streams of a session; one thread may read while others send."""

    ends_input = True

    def __init__(
        self, link: socket.socket | Duplex, answer: http1.Answer, asked: Asked, wanted: Sequence[int]
    ) -> None:
        self._link = link
        self._answer = answer
        self._asked = asked
        self._codec = spdy.Codec()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._streams = {channel: 2 * number + 1 for number, channel in enumerate(wanted)}
        for channel, stream in self._streams.items():
            self._write(self._codec.open(stream, {"streamtype": STREAMS[channel]}))

    def __iter__(self) -> Iterator[bytes]:
        """The frames until either side closes, the result last; raises Unreachable if the link breaks."""
        channels = {stream: channel for channel, stream in self._streams.items()}
        left, said = {one for one in self._streams if STREAMS[one] in ("stdout", "stderr", "error")}, b""
        while left and (arrived := self._read()):
            for frame in arrived:
                channel = channels.get(frame.stream, -1)
                if frame.type == 0 and channel == _ERROR:
                    said += frame.body
                    limits.checked(len(said))
                elif frame.type == 0 and channel in left and frame.body:
                    yield bytes([channel]) + frame.body
                elif frame.type == spdy.PING:
                    self._write(spdy.control(spdy.PING, frame.body))
                if frame.type == spdy.RST_STREAM or (frame.type == 0 and frame.flags & spdy.FIN):
                    left.discard(channel)
        if said:
            yield bytes([_ERROR]) + said

    def _read(self) -> list[spdy.Frame]:
        """The next frames; none at the end."""
        try:
            while data := self._answer.read1(_BLOCK):
                if frames := list(self._codec.feed(data)):
                    return frames
        except (faults.BROKEN, ValueError) as cause:
            if not self._closed.is_set():
                raise broken(self._asked) from cause
        return []

    def send(self, frame: bytes) -> None:
        """Send one frame; (255, channel) closes a channel."""
        ends = frame[0] == _CLOSE
        stream = self._streams.get(frame[1] if ends else frame[0])
        if stream is not None:
            self._write(spdy.data(stream, b"" if ends else frame[1:], fin=ends))

    def _write(self, data: bytes) -> None:
        try:
            with self._lock:
                self._link.sendall(data)
        except OSError as cause:
            raise broken(self._asked) from cause

    def close(self) -> None:
        """Close the connection; a blocked reader stops."""
        self._closed.set()
        with suppress(OSError):
            self._link.shutdown(socket.SHUT_RDWR)
        self._link.close()


def connect(transport: Transport, request: Request) -> Session:
    """Open the session of a POST whose query names its streams."""
    endpoint = transport.endpoint
    try:
        return _connect(endpoint, request)
    except faults.NotAuthenticated:
        if not transport.renew(endpoint):
            raise
        return _connect(transport.endpoint, request)


def _connect(endpoint: Endpoint, request: Request) -> Session:
    requestlog.note("%s %s: by SPDY", request.method, request.target)
    link = plug(endpoint, request.asked)
    try:
        answer = _upgraded(link, endpoint, request)
        link.settimeout(None)
        return Session(link, answer, request.asked, _wanted(request))
    except BaseException:
        link.close()
        raise


def _upgraded(link: socket.socket | Duplex, endpoint: Endpoint, request: Request) -> http1.Answer:
    headers = [
        ("Connection", "Upgrade"),
        ("Upgrade", "SPDY/3.1"),
        ("X-Stream-Protocol-Version", PROTOCOL),
        *endpoint.identity(),
    ]
    target = urls.address(endpoint.server).path + request.target
    try:
        link.settimeout(READ)
        link.sendall(http1.request(request.method, target, ascii_name(endpoint.address), headers, None))
        answer = http1.Answer(link)
        if answer.status >= 300:
            raise faults.refusal(answer.status, limits.whole(answer.read), request.asked)
    except faults.BROKEN as cause:
        raise connection_errors.broken(cause, request.asked, endpoint) from cause
    if answer.status != http1.SWITCHED:
        raise faults.not_json(request.asked)
    return answer


def _wanted(request: Request) -> list[int]:
    """The channels of a session, that of its result first; only a terminal has a size."""
    named = {"resize" if key == "tty" else key for key, value in request.query.items() if value is True}
    return [_ERROR, *(channel for channel, name in enumerate(STREAMS) if name in named)]
