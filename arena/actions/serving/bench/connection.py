"""One connection of a load: it connects, sends a request, reads the answer, and does so again."""

from __future__ import annotations

import errno
import selectors
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from arena.actions.serving.bench.responses import Garbled, Response

if TYPE_CHECKING:
    import ssl

    from arena.actions.serving.bench.lane import Lane
    from arena.actions.serving.bench.target import Meter

_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_UNDER_WAY = (0, errno.EINPROGRESS, errno.EWOULDBLOCK)
_BLOCK = 1 << 16
_AGED = 0.05
"""Seconds without use after which a connection may have been closed by its server."""


class Closed(ConnectionResetError):
    """The server has closed the connection before its answer was complete."""


class Connection:
    """A connection; all its methods return at once.

    Attributes:
        begun: from when the latency of the request counts.
        busy: whether a request is under way.
    """

    __slots__ = (
        "_lane", "_link", "_ready", "_response", "_secure", "_unsent", "_used", "_writes",
        "begun", "busy", "meter",
    )  # fmt: skip

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._response = Response()
        self._secure: ssl.SSLSocket | None = None
        self._unsent: bytes | memoryview = b""
        self._ready = False
        self._writes = True
        self._used = 0.0
        self.begun = 0.0
        self.busy = False
        self.meter: Meter | None = None
        place = lane.place
        self._link: socket.socket = socket.socket(place.family, socket.SOCK_STREAM)
        try:
            self._link.setblocking(False)
            self._link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if (code := self._link.connect_ex(place.sockaddr)) not in _UNDER_WAY:
                raise OSError(code, errno.errorcode.get(code, "unknown error"))
            lane.selector.register(self._link, _READ | _WRITE, self)
        except BaseException:
            self._link.close()
            raise

    def send(self, request: bytes, begun: float, meter: Meter | None) -> None:
        """Send a request, as soon as there is a connection."""
        self.busy, self.begun, self.meter = True, begun, meter
        self._response, self._unsent = Response(), request
        if self._ready:
            self._write()

    def is_stale(self, now: float) -> bool:
        """Whether the server has closed the idle connection."""
        if now - self._used < _AGED or self._secure:
            return False
        try:
            self._link.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def proceed(self, mask: int) -> None:
        """Something has happened on the connection; errors end it."""
        try:
            if not self._ready:
                self._connect()
            if self._ready and self._unsent:
                self._write()
            if self._ready and mask & _READ:
                self._read()
        except (OSError, Garbled) as error:
            self._lane.failed(self, error)

    def close(self) -> None:
        """Close it."""
        with suppress(KeyError, ValueError):
            self._lane.selector.unregister(self._link)
        self._link.close()

    def _connect(self) -> None:
        if self._secure is None:
            if code := self._link.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise OSError(code, errno.errorcode.get(code, "unknown error"))
            if self._lane.tls:
                self._wrap(self._lane.tls)
        if self._secure is not None and not self._shake():
            return
        self._ready = True
        self._wants(write=bool(self._unsent))

    def _wrap(self, tls: ssl.SSLContext) -> None:
        self._lane.selector.unregister(self._link)
        name = self._lane.target.address.host
        self._secure = tls.wrap_socket(self._link, server_hostname=name, do_handshake_on_connect=False)
        self._link = self._secure
        self._lane.selector.register(self._link, _READ | _WRITE, self)
        self._writes = True

    def _shake(self) -> bool:
        import ssl

        assert self._secure
        try:
            self._secure.do_handshake()
        except ssl.SSLWantReadError:
            self._wants(write=False)
            return False
        except ssl.SSLWantWriteError:
            self._wants(write=True)
            return False
        return True

    def _wants(self, *, write: bool) -> None:
        if write != self._writes:
            self._writes = write
            self._lane.selector.modify(self._link, _READ | _WRITE if write else _READ, self)

    def _write(self) -> None:
        try:
            sent = self._link.send(self._unsent)
        except self._lane.not_yet:
            sent = 0
        if sent == len(self._unsent):
            self._unsent = b""
        else:
            self._unsent = memoryview(self._unsent)[sent:]
        self._wants(write=bool(self._unsent))

    def _read(self) -> None:
        while True:
            try:
                data = self._link.recv(_BLOCK)
            except self._lane.not_yet:
                return
            now = self._lane.clock()
            if self._took(data, now) or not (self._secure and self._secure.pending()):
                return

    def _took(self, data: bytes, now: float) -> bool:
        """Take what has come; return whether nothing more is to be read now."""
        if not self.busy:
            raise Closed if not data else Garbled("the server sent an answer without a request")
        response = self._response
        self._lane.tally.received += len(data)
        done = response.feed(data) if data else response.end()
        if self.meter and response.status and response.body and response.status < 300:
            self.meter.feed(bytes(response.body), now)
            response.body.clear()
        if not done:
            if not data:
                raise Closed
            return False
        self._used, self.busy = now, False
        self._lane.answered(self, response, now)
        return True
