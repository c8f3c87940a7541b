"""Connections that are passed on byte by byte: those of TCP routes, and those that have been upgraded."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from arena.local.programs.proxy.balancer import AGAIN, LiveBackend, LiveGroup, Target


class Half(asyncio.Protocol):
    """One side of a tunnel. The end of sending is passed on, and the other direction stays open."""

    def __init__(
        self, transport: asyncio.Transport, ended: Callable[["Half"], None] = lambda half: None
    ) -> None:
        self._transport = transport
        self._other = self
        self._ended = ended
        self._is_over = False

    def join(self, other: "Half") -> None:
        """Make a tunnel of two halves."""
        self._other, other._other = other, self
        for one in (self, other):
            one._transport.set_protocol(one)
        for one in (self, other):
            one._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Pass bytes on."""
        self._other._transport.write(data)

    def pause_writing(self) -> None:
        """Nobody takes more at this side: read no more from the other."""
        self._other._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        self._other._transport.resume_reading()

    def eof_received(self) -> bool:
        """Pass the end on; False, which closes this side, once both have ended."""
        self._is_over = True
        with suppress(OSError):
            self._other._transport.write_eof()
        if self._other._is_over:
            self._other._transport.close()
        return not self._other._is_over

    def connection_lost(self, exc: Exception | None) -> None:
        """If one side breaks, nobody would use the other any more."""
        if exc:
            self._other._transport.abort()
        else:
            self._other._transport.close()
        self._ended(self)


class TcpConnection(asyncio.Protocol):
    """A client's connection to a TCP route, until its tunnel is there.

    Args:
        target: the route.
        begun: what the client has sent already.
    """

    def __init__(self, target: Target, begun: bytes = b"") -> None:
        self._target = target
        self._begun = begun
        self._waited = self._is_lost = False
        self._group: LiveGroup | None = None
        self._backend: LiveBackend | None = None
        self._began = self._deadline = 0.0
        self._task: asyncio.Task[None] | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Look for a pod."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.pause_reading()
        self._target.connections.add(self)
        self.start()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has left before its tunnel was there."""
        self._is_lost = True
        if self._task:
            self._task.cancel()
        self._end(failed=False)

    def data_received(self, data: bytes) -> None:
        """Nothing comes while reading is paused, except on the way into a tunnel."""
        self._begun += data

    def start(self) -> None:
        """Connect to a pod, wait until one is ready, or give up."""
        self._target.leave(self)
        self._group = self._target.choose()
        if not self._waited:
            self._deadline = asyncio.get_running_loop().time() + self._target.route.hold
        if self._group:
            self._began = self._group.counters.begin()
            self._task = asyncio.get_running_loop().create_task(self._connect(self._group))
        elif self._waited or not self._target.wait(self):
            self._give_up()
        self._waited = True

    async def _connect(self, group: LiveGroup) -> None:
        """Try one pod after the other; those that have just started, again, if connections may wait."""
        loop = asyncio.get_running_loop()
        while not await self._try_all(group) and loop.time() < self._deadline:
            await asyncio.sleep(AGAIN)
        if self._backend is None:
            self._give_up()

    async def _try_all(self, group: LiveGroup) -> bool:
        """Whether a pod has accepted the connection."""
        tried: set[LiveBackend] = set()
        while backend := group.pick(tried):
            tried.add(backend)
            backend.load += 1
            self._backend = backend
            try:
                sock = await backend.connect()
                loop = asyncio.get_running_loop()
                transport, _ = await loop.create_connection(asyncio.Protocol, sock=sock)
            except (OSError, asyncio.TimeoutError):
                backend.shun()
                backend.load -= 1
                self._backend = None
                continue
            self._join(transport)
            return True
        return False

    def _join(self, there: asyncio.Transport) -> None:
        assert self.transport
        if self._is_lost:
            there.abort()
            return
        there.pause_reading()
        if self._begun:
            there.write(self._begun)
        Half(self.transport, lambda half: self._end(failed=False)).join(Half(there))

    def _give_up(self) -> None:
        assert self.transport
        self._target.refused += self._group is None
        self._end(failed=True)
        self.transport.abort()

    def _end(self, failed: bool) -> None:
        self._target.leave(self)
        self._target.connections.discard(self)
        if self._backend:
            self._backend.load -= 1
            self._backend = None
        if self._group:
            self._group.counters.end(self._began, failed, answered=False)
            self._group = None
