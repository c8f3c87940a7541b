"""pods/{name}/portforward: connections to the ports of a pod, over one websocket.

Two protocols multiplex connections: `v4.channel.k8s.io` opens one for each port in the query; SPDY/3.1
frames, which kubectl sends, open and close them on demand.
"""

import asyncio
import contextlib
import struct
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from arena import spdy
from arena.digits import whole
from arena.local.api.refusals import bad
from arena.local.api.streaming.target import Target, placed, pod
from arena.local.api.streaming.websocket import Channels, accept
from arena.local.objects import Objects
from arena.local.runtime import Runtime

CHANNELS, TUNNEL = "v4.channel.k8s.io", "SPDY/3.1+portforward.k8s.io"
CHUNK = 1 << 15
AHEAD = 64
"""Maximum number of queued messages for a slow program before the whole websocket waits."""

Send = Callable[[bytes], Awaitable[None]]


class Unanswered(Exception):
    """Nothing listens on the port."""


class Input:
    """The client's messages for one connection; b"" is the end.

    After the end of the connection, further messages are dropped, so that other connections do not wait.
    """

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(AHEAD)
        self._over = False

    async def put(self, data: bytes) -> None:
        """Add a message; wait while there are too many."""
        if not self._over:
            await self._queue.put(data)

    async def get(self) -> bytes:
        """The next message."""
        return await self._queue.get()

    def end(self) -> None:
        """Release waiting writers."""
        self._over = True
        while not self._queue.empty():
            self._queue.get_nowait()


class Ports:
    """The ports of one pod."""

    def __init__(self, runtime: Runtime, found: Target) -> None:
        self._runtime = runtime
        self._found = found
        self._known: dict[int, int] = {}

    async def carry(self, port: int, given: Input, send: Send) -> None:
        """Connect to a port and transfer data until the program closes the connection.

        Raises:
            Unanswered: nothing listens on the port.
        """
        try:
            await _exchange(*await self._connect(port), given, send)
        finally:
            given.end()

    async def _connect(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        # The real port is found by connecting, so it is looked up once, not for each connection: a program's
        # backlog may be small.
        if known := self._known.get(port):
            with contextlib.suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", known)
        if real := self._runtime.port(self._found.uid, port):
            self._known[port] = real
            with contextlib.suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", real)
        name = self._found.pod["metadata"]["name"]
        raise Unanswered(f"pod {name} does not listen on port {port}")


async def forward(request: web.Request, api: Objects, runtime: Runtime) -> web.StreamResponse:
    """Serve the connections of one client until it leaves.

    Raises:
        Refused: 404, 400.
    """
    found = Target(pod(api, request), "")
    placed(found)
    if found.pod.get("status", {}).get("phase") != "Running":
        phase = found.pod.get("status", {}).get("phase", "Pending")
        raise bad(f"unable to forward port because pod is not running. Current status={phase}")
    wanted = _wanted(request)
    socket = await accept(request, (TUNNEL, CHANNELS) if not wanted else (CHANNELS, TUNNEL))
    ports = Ports(runtime, found)
    with contextlib.suppress(ConnectionError):
        if socket.ws_protocol == TUNNEL:
            await Tunnel(socket, ports).serve()
        elif wanted:
            await _serve_channels(Channels(socket), ports, wanted)
    await socket.close()
    return socket


def _wanted(request: web.Request) -> list[int]:
    texts = [text for value in request.query.getall("ports", []) for text in value.split(",")]
    ports = [whole(text) or 0 for text in texts]
    if not all(0 < port < 65536 for port in ports):
        raise bad(f"ports: {','.join(texts)[:100]} must be numbers from 1 to 65535")
    return ports


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, given: Input, send: Send
) -> None:
    """Transfer data until the program closes the connection."""
    feed = asyncio.ensure_future(_feed(given, writer))
    try:
        while data := await reader.read(CHUNK):
            await send(data)
    except ConnectionError:
        return  # reset by the program, or the client left, which is the end, too
    finally:
        writer.close()  # first, because a second cancellation ends at the next await
        feed.cancel()
        await asyncio.gather(feed, return_exceptions=True)
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _feed(given: Input, writer: asyncio.StreamWriter) -> None:
    """Pass on the client's data to the program."""
    with contextlib.suppress(ConnectionError):
        while data := await given.get():
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    while True:  # the program closed its input: read the rest, so that others do not wait
        await given.get()


async def _serve_channels(channels: Channels, ports: Ports, wanted: list[int]) -> None:
    """Channel 2n carries the data of the n-th port, channel 2n + 1 its errors."""
    given = [Input() for _ in wanted]
    for number, port in enumerate(wanted):
        for channel in (2 * number, 2 * number + 1):
            await channels.send(channel, struct.pack("<H", port))

    async def serve(number: int) -> None:
        try:
            await ports.carry(wanted[number], given[number], lambda data: channels.send(2 * number, data))
        except Unanswered as error:
            await channels.send(2 * number + 1, str(error).encode())

    async def receive() -> None:
        while message := await channels.receive():
            number, kind = divmod(message[0], 2)
            if kind == 0 and number < len(given) and message[1]:
                await given[number].put(message[1])

    served = asyncio.gather(*(serve(number) for number in range(len(wanted))))
    await _first(served, asyncio.ensure_future(receive()))


class Tunnel:
    """The streams of a client's SPDY connection, one for data and one for errors for each connection."""

    def __init__(self, socket: web.WebSocketResponse, ports: Ports) -> None:
        self._socket = socket
        self._ports = ports
        self._codec = spdy.Codec()
        self._errors: dict[str, int] = {}
        self._given: dict[int, Input] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        """Serve until the client leaves or breaks the protocol."""
        try:
            async for message in self._socket:
                if message.type is web.WSMsgType.BINARY:
                    for frame in self._codec.feed(message.data):
                        await self._take(frame)
        except ValueError:
            return
        finally:
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _take(self, frame: spdy.Frame) -> None:
        if frame.type == spdy.SYN_STREAM:
            await self._open(frame)
        elif frame.type == spdy.PING:
            await self._send(spdy.control(spdy.PING, frame.body))
        elif frame.type == spdy.RST_STREAM and frame.stream in self._tasks:
            self._tasks[frame.stream].cancel()
        elif frame.type == 0 and (given := self._given.get(frame.stream)):
            if frame.body:
                await given.put(frame.body)
            if frame.flags & spdy.FIN:
                await given.put(b"")

    async def _open(self, frame: spdy.Frame) -> None:
        """Open a stream; the data stream comes second and starts the connection."""
        headers = self._codec.headers(frame)
        kind, request = headers.get("streamtype"), headers.get("requestid", "")
        port = whole(headers.get("port"))
        if kind not in ("error", "data") or port is None:
            await self._send(spdy.reset(frame.stream, spdy.REFUSED))
            return
        await self._send(self._codec.reply(frame.stream))
        if kind == "error":
            self._errors[request] = frame.stream
            return
        self._given[frame.stream] = Input()
        task = asyncio.ensure_future(self._carry(frame.stream, port, self._errors.pop(request, 0)))
        self._tasks[frame.stream] = task
        task.add_done_callback(lambda _: self._forget(frame.stream))

    async def _carry(self, stream: int, port: int, errors: int) -> None:
        """Serve one connection and close both of its streams."""
        trouble = b""
        try:
            await self._ports.carry(
                port, self._given[stream], lambda data: self._send(spdy.data(stream, data))
            )
        except Unanswered as error:
            trouble = str(error).encode()
        with contextlib.suppress(ConnectionError):
            await self._send(spdy.data(stream, b"", fin=True))
            if errors:
                await self._send(spdy.data(errors, trouble, fin=True))

    def _forget(self, stream: int) -> None:
        del self._tasks[stream], self._given[stream]

    async def _send(self, data: bytes) -> None:
        await self._socket.send_bytes(data)


async def _first(*works: "asyncio.Future[Any]") -> None:
    """Wait until one task is done, and end the others."""
    try:
        await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)
