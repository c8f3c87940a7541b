"""The loopback proxy: listens on the ports allotted to Services and passes connections to their pods.

The sockets live in a separate thread that starts with the first Service. Only TCP is passed on. Requests to
an HTTP port go through `http_proxy`, which requires the token of the Service.
"""

import asyncio
import contextlib
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from arena.local.objects import LOOPBACK
from arena.local.programs.http_proxy import HttpProxy, Route

if TYPE_CHECKING:
    from aiohttp import ClientSession

NOWHERE = Route([])
CHUNK = 65536


class Proxy:
    """The listeners and the targets of their connections. Thread-safe."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._services: dict[tuple[str, ...], set[int]] = {}
        self._servers: dict[int, asyncio.Server] = {}
        self._routes: dict[int, Route] = {}
        self._session: ClientSession | None = None
        self._tasks: set[asyncio.Future[None]] = set()

    def set(self, service: tuple[str, ...], wanted: dict[int, Route]) -> list[int]:
        """Listen for a Service on exactly these ports; returns those that other programs use."""
        if not wanted and service not in self._services:
            return []
        return asyncio.run_coroutine_threadsafe(self._set(service, wanted), self._started()).result()

    def close(self) -> None:
        """Stop listening and drop all connections."""
        if self._loop is None or self._thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = None

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
            self._thread.start()
        return self._loop

    async def _set(self, service: tuple[str, ...], wanted: dict[int, Route]) -> list[int]:
        for port in self._services.get(service, set()) - set(wanted):
            self._servers.pop(port).close()
            del self._routes[port]
        for port, route in wanted.items():
            if port in self._servers and bool(self._routes[port].token) is not bool(route.token):
                self._servers.pop(port).close()
        self._routes.update(wanted)
        taken = [port for port in wanted if not await self._listen(port)]
        for port in taken:
            del self._routes[port]
        self._services[service] = set(wanted) - set(taken)
        if not wanted:
            del self._services[service]
        return taken

    async def _listen(self, port: int) -> bool:
        if port in self._servers:
            return True

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(self._serve(port, reader, writer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            # Not in the task itself: a task that is cancelled before it begins runs none of its lines.
            task.add_done_callback(lambda _: writer.close())

        try:
            if self._routes[port].token:
                factory = self._pages(port)
                self._servers[port] = await asyncio.get_running_loop().create_server(factory, LOOPBACK, port)
            else:
                self._servers[port] = await asyncio.start_server(accept, LOOPBACK, port)
        except OSError:
            return False
        return True

    def _pages(self, port: int) -> Any:
        """The handler of connections to a port that speaks HTTP."""
        from aiohttp import web  # late: few clusters serve pages

        pages = HttpProxy(port, lambda: self._routes.get(port, NOWHERE), self._client)
        return web.Server(pages.answer, access_log=None, auto_decompress=False)

    def _client(self) -> "ClientSession":
        """The client of the pods, which adds no cookies, limits or headers."""
        from aiohttp import ClientSession, ClientTimeout, DummyCookieJar

        if self._session is None:
            self._session = ClientSession(
                cookie_jar=DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent", "Content-Type"),
                timeout=ClientTimeout(total=None),
            )
        return self._session

    async def _serve(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found = await self._connect(port)
        if found is None:
            writer.transport.abort()
            return
        there, back = found
        try:
            await asyncio.gather(_pass(reader, back), _pass(there, writer))
        finally:
            back.close()

    async def _connect(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """A connection to the next pod that answers, round robin."""
        backends = self._routes.get(port, NOWHERE).backends
        for _ in range(len(backends)):
            backend = backends.pop(0)
            backends.append(backend)
            found = await _first(backend.ports)
            if found:
                return found
        return None

    async def _end(self) -> None:
        for server in self._servers.values():
            for listener in server.sockets:
                asyncio.get_running_loop().remove_reader(listener)
        # A connection that was just accepted gets its task in a later turn of the loop, for which its
        # server must still be open; a closed one releases its socket in a later turn.
        await _turns()
        for server in self._servers.values():
            server.close()
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await _turns()
        if self._session:
            await self._session.close()
            await _turns()


async def _turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def _first(ports: Sequence[int]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
    for port in ports:
        with contextlib.suppress(OSError):
            return await asyncio.open_connection(LOOPBACK, port)
    return None


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass bytes on until one side ends; the end is passed on as well, and the other direction stays open.

    If one side breaks, the other connection is aborted, since nobody would use it any more.
    """
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.transport.abort()
