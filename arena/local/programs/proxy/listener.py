"""Accepts the connections to one port, and gives them to what its route asks for."""

import asyncio
import socket
from collections.abc import Callable
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
            task = loop.create_task(loop.connect_accepted_socket(self._protocol, sock))
            self._tasks.add(task)
            task.add_done_callback(self._accepted)

    def _accepted(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # the client has left already

    def _protocol(self) -> asyncio.BaseProtocol:
        """What serves a new connection."""
        protocol = self.target.route.protocol
        if protocol == routes.HTTP:
            return Downstream(self.target)
        return TcpConnection(self.target) if protocol == routes.TCP else self._page()

    def _page(self) -> asyncio.BaseProtocol:
        """A connection of a browser; the library is imported with the first one."""
        if self._pages is None:
            from aiohttp import web

            from arena.local.programs.http_proxy import HttpProxy

            proxy = HttpProxy(self.port, self._present)
            self._pages = web.Server(proxy.answer, access_log=None, auto_decompress=False)
        found: asyncio.BaseProtocol = self._pages()
        return found

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
