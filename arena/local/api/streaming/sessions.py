"""The sessions of exec and attach: channels over a websocket, or over SPDY/3.1 for older clients."""

import asyncio
import contextlib
import json
from typing import Any

from aiohttp import web

from arena import spdy
from arena.local.api.refusals import bad
from arena.local.api.streaming import websocket
from arena.local.api.streaming.log import flag
from arena.local.api.streaming.websocket import CLOSE, ERROR, Channels
from arena.spdy import PROTOCOL, STREAMS

OPENING = 30.0
"""Seconds in which a client must open its streams."""
AHEAD = 64
"""Number of pieces that are read ahead of a slow program."""


async def accept(request: web.Request) -> "Session":
    """Turn the request into a session.

    Raises:
        Refused: 400 if the client requests another kind of connection, or does not open its streams.
    """
    if request.headers.get("Upgrade", "").lower() != "spdy/3.1":
        return Channels(await websocket.accept(request))
    if PROTOCOL not in ",".join(request.headers.getall("X-Stream-Protocol-Version", [])):
        raise bad(f"the local cluster speaks {PROTOCOL}")
    response = web.StreamResponse(status=101)
    response.headers.update({"Connection": "Upgrade", "Upgrade": "SPDY/3.1"})
    response.headers["X-Stream-Protocol-Version"] = PROTOCOL
    response.force_close()
    arrived = _Arrived(request)
    await response.prepare(request)
    streams = Streams(response, arrived)
    wanted = _wanted(request)
    with contextlib.suppress(asyncio.TimeoutError, ValueError):
        await asyncio.wait_for(streams.open(wanted), OPENING)
    if wanted:
        if request.transport is not None:
            request.transport.close()
        raise bad(f"the client did not open its streams: {', '.join(sorted(wanted))}")
    return streams


def _wanted(request: web.Request) -> set[str]:
    named = {"stdin": "stdin", "stdout": "stdout", "stderr": "stderr", "tty": "resize"}
    return {"error", *(stream for name, stream in named.items() if flag(request, name))}


class _Arrived:
    """The bytes of a connection that is no longer HTTP; aiohttp calls it like the reader of a websocket."""

    def __init__(self, request: web.Request) -> None:
        self._pieces: asyncio.Queue[bytes] = asyncio.Queue()
        self._transport = request.transport
        request.protocol.set_parser(self)  # type: ignore[arg-type]  # it calls nothing else

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Take what has arrived."""
        self._pieces.put_nowait(data)
        if self._pieces.qsize() > AHEAD and isinstance(self._transport, asyncio.ReadTransport):
            self._transport.pause_reading()
        return False, b""

    def feed_eof(self) -> None:
        """Take the end."""
        self._pieces.put_nowait(b"")

    async def get(self) -> bytes:
        """The next bytes; b"" at the end."""
        data = await self._pieces.get()
        if self._pieces.empty() and isinstance(self._transport, asyncio.ReadTransport):
            self._transport.resume_reading()
        return data


class Streams:
    """One client's channels over SPDY; see `Channels`."""

    def __init__(self, response: web.StreamResponse, arrived: _Arrived) -> None:
        self.response = response
        self._arrived = arrived
        self._codec = spdy.Codec()
        self._frames: list[spdy.Frame] = []
        self._streams: dict[int, int] = {}
        self._channels: dict[int, int] = {}

    async def open(self, wanted: set[str]) -> None:
        """Remove each of these streams that the client opens, until none is left or the client leaves.

        What comes meanwhile is received later. Raises ValueError if the client breaks the protocol.
        """
        early = []
        while wanted and (frame := await self._next()):
            if frame.type != spdy.SYN_STREAM:
                early.append(frame)
                continue
            name = self._codec.headers(frame).get("streamtype", "")
            if name not in STREAMS:
                await self.response.write(spdy.reset(frame.stream, spdy.REFUSED))
                continue
            channel = STREAMS.index(name)
            self._streams[channel], self._channels[frame.stream] = frame.stream, channel
            await self.response.write(self._codec.reply(frame.stream))
            wanted.discard(name)
        self._frames = early + self._frames

    async def send(self, channel: int, data: bytes) -> None:
        """As for `Channels`."""
        if channel in self._streams:
            await self.response.write(spdy.data(self._streams[channel], data))

    async def receive(self) -> tuple[int, bytes] | None:
        """As for `Channels`."""
        while frame := await self._next():
            channel = self._channels.get(frame.stream)
            if frame.type == spdy.PING:
                await self.response.write(spdy.control(spdy.PING, frame.body))
            elif frame.type or channel is None:
                continue
            elif frame.body:
                if frame.flags & spdy.FIN:
                    self._frames.insert(0, frame._replace(body=b""))
                return channel, frame.body
            elif frame.flags & spdy.FIN:
                return CLOSE, bytes((channel,))
        return None

    async def finish(self, status: dict[str, Any]) -> None:
        """As for `Channels`."""
        for channel, stream in self._streams.items():
            body = json.dumps(status).encode() if channel == ERROR else b""
            await self.response.write(spdy.data(stream, body, fin=True))

    async def _next(self) -> spdy.Frame | None:
        """The next frame; None if the client has left or breaks the protocol."""
        while not self._frames:
            data = await self._arrived.get()
            if not data:
                return None
            try:
                self._frames = list(self._codec.feed(data))
            except ValueError:
                return None
        return self._frames.pop(0)


Session = Channels | Streams
