"""A client's HTTP/1.1 connection: its requests, one after the other."""

import asyncio
from typing import cast

from arena.local.programs.proxy import http1
from arena.local.programs.proxy.balancer import Target
from arena.local.programs.proxy.bodies import LONGEST, Malformed
from arena.local.programs.proxy.exchange import Exchange
from arena.local.programs.proxy.tunnel import TcpConnection

PREFACE = b"PRI * HTTP/2.0\r\n\r\n"
"""What HTTP/2 begins with (RFC 9113, 3.4), where the client knows that the server speaks it."""
LINGER = 2.0
"""Seconds for which a client may still send after an answer that closes its connection."""


class Downstream(asyncio.Protocol):
    """The connection.

    Attributes:
        target: the route.
        buffer: what the client has sent and nobody has used yet.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.buffer = bytearray()
        self.transport: asyncio.Transport
        self._exchange: Exchange | None = None
        self._is_new = True
        self._is_slow = False
        self._is_closing = False
        self._is_going_on = False
        self._linger: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        self.transport = cast(asyncio.Transport, transport)
        self.target.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has left, or this side has closed."""
        self.target.connections.discard(self)
        if self._linger:
            self._linger.cancel()
        if self._exchange:
            exchange, self._exchange = self._exchange, None
            exchange.abandon()

    def data_received(self, data: bytes) -> None:
        """Use what the client sends."""
        if self._is_closing:
            return  # it has got its last answer
        self.buffer += data
        self._go_on()

    def _go_on(self) -> None:
        """Use what is in the buffer as far as possible."""
        if self._is_going_on:  # an exchange that ended at once: the loop below goes on
            return
        self._is_going_on = True
        try:
            while self.buffer and not self._is_closing:
                if self._exchange is None:
                    if self._is_slow or not self._begin():
                        break
                else:
                    self._exchange.feed(self.buffer)
                    break
        except Malformed as wrong:
            if self._exchange:
                self._exchange.fail(wrong.status, wrong.why)
            else:
                self.refuse(wrong.status, wrong.why, keeps=False)
        finally:
            self._is_going_on = False
        self.flow()

    def _begin(self) -> bool:
        """Begin the exchange of the next request; False if its head is not complete."""
        if self._is_new and PREFACE.startswith(self.buffer[: len(PREFACE)]):
            return self._speaks_http2()
        if self.buffer.startswith(b"\r\n"):  # RFC 9112, 2.2: it is ignored
            del self.buffer[:2]
            return True
        end = self.buffer.find(b"\r\n\r\n", 0, LONGEST + 4)
        if end < 0:
            if len(self.buffer) > LONGEST:
                raise Malformed(431, "The head of the request is too long.")
            return False
        self._is_new = False
        request = http1.request(bytes(self.buffer[:end]))
        del self.buffer[: end + 4]
        self._exchange = Exchange(self, request)
        self._exchange.start()
        return True

    def _speaks_http2(self) -> bool:
        """Pass the connection on as it is, if this is HTTP/2 for sure."""
        if len(self.buffer) >= len(PREFACE):
            self.hand_over()
            passed = TcpConnection(self.target, bytes(self.buffer))
            self.buffer.clear()
            self.transport.set_protocol(passed)
            passed.connection_made(self.transport)
        return False

    def flow(self) -> None:
        """Read on, or not: a client may be ahead of its pod by no more than a buffer."""
        if self.transport.is_closing() or self._is_closing:
            return
        exchange = self._exchange
        is_blocked = exchange.is_blocked if exchange else self._is_slow
        if is_blocked or len(self.buffer) > LONGEST:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def pause_writing(self) -> None:
        """The client is slow: read no more from the pod."""
        self._is_slow = True
        if self._exchange:
            self._exchange.pause(True)

    def resume_writing(self) -> None:
        """Go on."""
        self._is_slow = False
        if self._exchange:
            self._exchange.pause(False)
        self._go_on()

    def finish(self, keeps: bool) -> None:
        """An answer is complete: begin with the next request, or close."""
        self._exchange = None
        if keeps:
            self._go_on()
        else:
            self._close()

    def refuse(self, status: int, why: str, keeps: bool) -> None:
        """Answer without a pod."""
        text = f"{why}\n".encode()
        close = b"" if keeps else b"Connection: close\r\n"
        head = b"HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n%s\r\n"
        is_head = self._exchange is not None and self._exchange.request.method == b"HEAD"
        body = b"" if is_head else text
        self.transport.write(head % (status, REASONS[status], len(text), close) + body)
        self.finish(keeps)

    def cut(self) -> None:
        """Close within an answer: the client sees that it is not complete."""
        self._exchange = None
        self._is_closing = True
        self.transport.close()

    def hand_over(self) -> None:
        """Another protocol has the connection now."""
        self._exchange = None
        self.target.connections.discard(self)

    def _close(self) -> None:
        """Close after the answer. Closing at once, while the client still sends, could destroy the answer."""
        if self._is_closing:
            return
        self._is_closing = True
        self.buffer.clear()
        if self.transport.is_closing():
            return
        self.transport.write_eof()
        self.transport.resume_reading()
        self._linger = asyncio.get_running_loop().call_later(LINGER, self.transport.close)


REASONS = {
    400: b"Bad Request",
    431: b"Request Header Fields Too Large",
    501: b"Not Implemented",
    502: b"Bad Gateway",
    503: b"Service Unavailable",
    504: b"Gateway Timeout",
}
