"""Accepts the connections to one port, and gives them to what its route asks for."""

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from arena.local.programs.proxy import routes
from arena.local.programs.proxy.balancer import Target
from arena.local.programs.proxy.downstream import Downstream
from arena.local.programs.proxy.routes import Route, Service
from arena.local.programs.proxy.tunnel import TcpConnection

if TYPE_CHECKING:
    from arena.local.programs.http_proxy import Pages

AT_ONCE = 64
"""Connections accepted in one turn of the loop."""
EXHAUSTED = 0.1
"""Seconds to wait when there are too many open files."""


class Listener:
    """A port.

    Args:
        port: the number.
        sock: the listening socket.
        service: the Service and what is told when it needs a pod.
    """

    def __init__(
        self, port: int, sock: socket.socket, service: tuple[Service, Callable[[Service], None]]
    ) -> None:
        self.port = port
        self.sock = sock
        self.target = Target(*service)
        self._pages: Any = None
        self._tasks: set[asyncio.Task[Any]] = set()
        sock.setblocking(False)
        self._listen()

    def _listen(self) -> None:
        if self.sock.fileno() >= 0:
            asyncio.get_running_loop().add_reader(self.sock, self._accept)

    def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(AT_ONCE):
            try:
                sock, _ = self.sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:
                loop.remove_reader(self.sock)
                loop.call_later(EXHAUSTED, self._listen)
                return
            sock.setblocking(False)
            task = loop.create_task(self._serve(sock))
            self._tasks.add(task)
            task.add_done_callback(partial(self._accepted, sock))

    def _accepted(self, sock: socket.socket, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if task.cancelled() or task.exception():  # the client has left already
            sock.close()

    async def _serve(self, sock: socket.socket) -> None:
        """Give a new connection to what serves it."""
        loop, protocol = asyncio.get_running_loop(), self.target.route.protocol
        if protocol == routes.PAGES and self._pages is None:
            # The first page imports the library, in a thread, so that other connections go on.
            made = await loop.run_in_executor(None, _pages)
            self._pages = self._pages or made(self.port, self._present)
        factories = {routes.HTTP: Downstream, routes.TCP: TcpConnection}
        if protocol == routes.PAGES:
            await loop.connect_accepted_socket(self._pages, sock)
        else:
            await loop.connect_accepted_socket(partial(factories[protocol], self.target), sock)

    def _present(self) -> "Pages":
        from arena.local.programs.http_proxy import Pages

        backends = [one for group in self.target.route.groups for one in group.backends]
        return Pages(backends, self.target.route.token)

    def update(self, route: Route) -> None:
        """Follow a changed route; open connections stay with the protocol that they began with."""
        self.target.update(route)

    @property
    def is_used(self) -> bool:
        """Whether a client is connected."""
        pages = self._pages.connections if self._pages else ()
        return bool(self.target.connections or self._tasks or pages)

    def stop(self) -> None:
        """Accept no more: another process does. Open connections end after their next answer."""
        asyncio.get_running_loop().remove_reader(self.sock)
        self.sock.close()
        self.target.is_leaving = True

    def close(self) -> None:
        """Accept no more: the Service is gone. Open connections end on their own."""
        self.stop()
        self.target.update(Route(()))

    def data(self) -> dict[str, Any]:
        """JSON: what was counted."""
        return {**self.target.data(), "listensOn": self.port}


def _pages() -> Any:
    """What makes the server of pages for a port."""
    from aiohttp import web

    from arena.local.programs.http_proxy import HttpProxy

    def made(port: int, present: "Callable[[], Pages]") -> Any:
        return web.Server(HttpProxy(port, present).answer, access_log=None, auto_decompress=False)

    return made
