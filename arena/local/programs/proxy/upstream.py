"""An HTTP/1.1 connection to a backend: it reads the answers, and passes their bodies on as they come."""

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from arena import operating_system
from arena.local.programs.proxy import http1
from arena.local.programs.proxy.balancer import LiveBackend
from arena.local.programs.proxy.bodies import LONGEST, Body, Malformed, UntilClose

if TYPE_CHECKING:
    from arena.local.programs.proxy.exchange import Exchange


class Upstream(asyncio.Protocol):
    """The connection; between two exchanges the backend keeps it."""

    def __init__(self, backend: LiveBackend, sock: socket.socket) -> None:
        self.backend = backend
        self.sock = sock
        self.rested = 0.0
        """Since when it waits for a request."""
        self.is_blocked = False
        """Whether the backend reads more slowly than the client sends."""
        self.transport: asyncio.Transport
        self._exchange: Exchange | None = None
        self._buffer = b""
        self._body: Body | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        self.transport = cast(asyncio.Transport, transport)

    def begin(self, exchange: "Exchange", data: bytes) -> None:
        """Send the begin of a request, and read its answer."""
        self._exchange = exchange
        self._body, self._buffer = None, b""
        self.transport.write(data)

    def hand_over(self) -> None:
        """Another protocol has the connection now."""
        self._exchange = None

    def is_open(self) -> bool:
        """Whether the backend has not closed the connection, asking the system: our loop may not know yet."""
        if self.transport.is_closing():
            return False
        try:
            self.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False  # it ended, or says what nobody asked for

    def close(self) -> None:
        """Close the connection after all that was written."""
        self._exchange = None
        self.transport.close()

    def abort(self) -> None:
        """Close the connection at once; the backend sees that nobody waits for its answer."""
        self._exchange = None
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Read an answer."""
        if self._exchange is None:
            self.transport.abort()
            return
        try:
            if self._body is None:
                data, self._buffer = self._buffer + data, b""
                self._read_heads(data)
            else:
                self._pass_on(b"", data)
        except Malformed as wrong:
            exchange = self._exchange
            self.abort()
            exchange.fail(502, f"The pod's answer is not HTTP/1.1: {wrong.why}")

    def _read_heads(self, data: bytes) -> None:
        """Read the heads of an answer: that of its body comes last, after those such as `100 Continue`."""
        while self._exchange:
            end = data.find(b"\r\n\r\n")
            if end > LONGEST or (end < 0 and len(data) > LONGEST):
                raise Malformed(502, "its head is too long")
            if end < 0:
                self._buffer = data
                self._exchange.is_heard = True
                return
            answer = http1.answer(data[:end])
            if answer.status == 101:
                self._exchange.switch(answer, data[end + 4 :])
                return
            if answer.status < 200:
                self._exchange.inform(data[: end + 4])
                data = data[end + 4 :]
                continue
            self._body = answer.body(self._exchange.request.method)
            head = self._exchange.accept(answer, self._body)
            self._pass_on(head, data[end + 4 :])
            return

    def _pass_on(self, head: bytes, data: bytes) -> None:
        """Pass on what belongs to the body, with the head at its begin."""
        assert self._exchange
        assert self._body
        if self._buffer:
            data, self._buffer = self._buffer + data, b""
        taken = self._body.feed(data)
        self._exchange.forward(head + data[:taken] if head or taken < len(data) else data)
        if self._body.done:
            exchange, self._exchange = self._exchange, None
            exchange.complete(clean=taken == len(data))
        else:
            self._buffer = data[taken:]

    def pause_writing(self) -> None:
        """The backend is slow: read no more from the client."""
        self.is_blocked = True
        if self._exchange:
            self._exchange.downstream.flow()

    def resume_writing(self) -> None:
        """Go on."""
        self.is_blocked = False
        if self._exchange:
            self._exchange.downstream.flow()

    def connection_lost(self, exc: Exception | None) -> None:
        """The backend has closed the connection, or it broke."""
        self.backend.drop(self)
        exchange, self._exchange = self._exchange, None
        if exchange is None:
            return
        if exc is None and isinstance(self._body, UntilClose):
            exchange.complete(clean=False)
        else:
            exchange.broken(is_unread=exc is not None or self._has_unread())

    def _has_unread(self) -> bool:
        """Whether the backend closed before it got all that we sent."""
        with suppress(OSError):
            return operating_system.unsent(self.sock) > 0
        return False
