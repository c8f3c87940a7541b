"""Connections that are passed on byte by byte: those of TCP routes, and those that have been upgraded."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from arena.local.programs.proxy.balancer import AGAIN, LiveBackend, LiveGroup, Target
from arena.local.programs.proxy.dispatch import Dispatch


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


class TcpConnection(Dispatch, asyncio.Protocol):
    """A client's connection to a TCP route, until its tunnel is there.

    Args:
        target: the route.
        begun: what the client has sent already.
    """

    def __init__(self, target: Target, begun: bytes = b"") -> None:
        super().__init__(target)
        self._begun = begun
        self._is_lost = False
        self._task: asyncio.Task[None] | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Look for a pod."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.pause_reading()
        self.target.connections.add(self)
        self.start()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has left before its tunnel was there."""
        self._is_lost = True
        if self._task:
            self._task.cancel()
        self.end(failed=False)

    def data_received(self, data: bytes) -> None:
        """Nothing comes while reading is paused, except on the way into a tunnel."""
        self._begun += data

    def go(self, group: LiveGroup) -> None:
        """Connect to a pod of the group."""
        self._task = asyncio.get_running_loop().create_task(self._connect(group))

    def lack(self, waited: bool) -> None:
        """Give up."""
        self._give_up()

    async def _connect(self, group: LiveGroup) -> None:
        """Try one pod after the other; those that have just started, again, if connections may wait."""
        loop = asyncio.get_running_loop()
        while not await self._try_all(group) and loop.time() < self.deadline:
            await asyncio.sleep(AGAIN)
        if self.backend is None:
            self._give_up()

    async def _try_all(self, group: LiveGroup) -> bool:
        """Whether a pod has accepted the connection."""
        tried: set[LiveBackend] = set()
        while backend := group.pick(tried):
            tried.add(backend)
            self.occupy(backend)
            try:
                sock = await backend.connect()
                loop = asyncio.get_running_loop()
                transport, _ = await loop.create_connection(asyncio.Protocol, sock=sock)
            except (OSError, asyncio.TimeoutError):
                backend.shun()
                self.release()
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
        Half(self.transport, lambda half: self.end(failed=False)).join(Half(there))

    def _give_up(self) -> None:
        assert self.transport
        self.end(failed=True)
        self.transport.abort()

    def end(self, failed: bool, answered: bool = False) -> None:
        """It is over; connections have no answers."""
        self.target.connections.discard(self)
        super().end(failed, answered)
